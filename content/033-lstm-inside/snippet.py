# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""An LSTM cell edits its state c instead of recomputing it: along c, only the forget gates scale the gradient."""

import os

import torch
from torch import nn

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)  # on a GPU, cuDNN rounds float32 recurrences to TF32: too coarse to compare
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
close = torch.testing.assert_close
N, T, D, H = 3, 50, 4, 8  # batch, steps, input size, state size


# %% In short
@torch.no_grad()
def set_forget_bias(lstm, value=1.0):  # nn.LSTM or nn.LSTMCell, any number of layers and directions
    for name, bias in lstm.named_parameters():
        if name.startswith("bias"):  # bias_ih and bias_hh are added: value in one, 0 in the other
            bias.chunk(4)[1].fill_(value if "_ih" in name else 0.0)  # four blocks, i f g o: the second


def step(cell, x, h, c):  # what nn.LSTMCell computes: x (N, D), h and c (N, H) -> the new h and c
    W_ih, W_hh, bias = cell.weight_ih, cell.weight_hh, cell.bias_ih + cell.bias_hh  # (4H, D), (4H, H), (4H,)
    # hole: lstm-step
    i, f, g, o = (x @ W_ih.mT + h @ W_hh.mT + bias).chunk(4, dim=1)  # (N, H) each
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()  # keep some of the old, add some of the candidate
    h = o.sigmoid() * c.tanh()  # output some of it
    # end
    return h, c


# %% nn.LSTM returns h of every step, but only the last c: nn.LSTMCell with the same weights gives every c
lstm, cell = nn.LSTM(D, H).to(device), nn.LSTMCell(D, H).to(device)
x, (h, c) = 2 * torch.randn(T, N, D, device=device), torch.randn(2, N, H, device=device)
cell.load_state_dict({name.removesuffix("_l0"): p for name, p in lstm.state_dict().items()})
states = [(h, c)]  # of one layer
for x_t in x:  # x (T, N, D)
    states.append(cell(x_t, states[-1]))
for x_t, before, after in zip(x, states[:-1], states[1:], strict=True):
    close(step(cell, x_t, *before), after, msg="the step by hand is that of nn.LSTMCell")
start = [tensor.clone().requires_grad_() for tensor in (x[0], h, c)]
by_hand, by_torch = (
    torch.autograd.grad((h + c).square().sum(), [*start, *cell.parameters()])
    for h, c in (step(cell, *start), cell(start[0], tuple(start[1:])))
)
close(by_hand, by_torch, msg="and so are its gradients, for x, h, c and the weights")
output, (h_n, c_n) = lstm(x, (h[None], c[None]))
close(torch.stack([h for h, _ in states[1:]]), output, msg="output is h at every step")
close((h_n[0], c_n[0]), states[-1], msg="the final states are those of the last step")
print(f"the cell by hand, nn.LSTMCell and nn.LSTM agree over {T} steps")

# %% The order of the four blocks: push one at a time to -1000 and see what it was
tiny = nn.LSTM(1, 1, bias=False).to(device)
one, four = torch.ones(1, 1, 1, device=device), torch.full((1, 1, 1), 4.0, device=device)
found = []
for block in range(4):
    rows = torch.tensor([[0.0], [0.0], [1000.0], [0.0]], device=device)  # i = f = o = 1/2, g = 1: c = 4/2 + 1/2
    rows[block] = -1000.0
    tiny.load_state_dict({"weight_ih_l0": rows, "weight_hh_l0": torch.zeros_like(rows)})
    h_n, (_, c_n) = tiny(one, (one, four))
    found.append((round(c_n.item(), 3), round(h_n.item(), 3)))
print("c and h with one block pushed down:", *found)
assert found[0] == (2.0, 0.482), "block 0, i = 0: the old half stays, nothing is added"
assert found[1] == (0.5, 0.231), "block 1, f = 0: the old is gone, the new half stays"
assert found[2] == (1.5, 0.453), "block 2, g = -1: a candidate, not a gate, so it subtracts"
assert found[3] == (2.5, 0.0), "block 3, o = 0: c is as before, h is zero"

# %% Parameters: four blocks, and two bias vectors, of which only the sum matters
for d, s in ((4, 8), (10, 20), (7, 1)):
    count = sum(p.numel() for p in nn.LSTM(d, s).parameters())
    assert count == 4 * (s * d + s * s + 2 * s), "four blocks: three gates and the candidate"
deep = nn.LSTM(D, H, num_layers=2, bidirectional=True).to(device)
old, forget = {name: p.clone() for name, p in deep.named_parameters()}, torch.arange(4 * H, device=device) // H == 1
set_forget_bias(deep, 1.5)
for name, p in deep.named_parameters():
    assert torch.equal(p[~forget], old[name][~forget]), "the other three blocks stay as they were"
    if "bias_ih" in name:
        total = p + deep.get_parameter(name.replace("_ih", "_hh"))
        assert (total[forget] == 1.5).all(), "the two biases of each layer and direction add up to it"
        assert (p[forget] != old[name][forget]).all(), "which they did not before"

# %% Along c alone, the gradient is the product of the forget gates
c_0, kept = torch.zeros(N, H, device=device, requires_grad=True), torch.ones(N, H, device=device)
h, c = torch.zeros(N, H, device=device), c_0
for x_t in x:
    z = x_t @ cell.weight_ih.mT + h @ cell.weight_hh.mT + cell.bias_ih + cell.bias_hh
    kept = kept * z[:, H : 2 * H].sigmoid()
    h, c = step(cell, x_t, h, c)
    h = h.detach()  # cut the way through the gates, leave the way along c
close(torch.autograd.grad(c.sum(), c_0)[0], kept.detach(), rtol=1e-7, atol=0)
assert kept.max() < 1e-3, "and fifty gates around 0.5 leave next to nothing"


# %% How much of a gradient at the last step reaches the input 0, 10, ..., 50 steps before
def reach(cell, cut=False):
    state = None
    for x_t in inputs:
        state = cell(x_t, state)  # LSTM: (h, c), RNN: h
        h = state[0] if isinstance(state, tuple) else state  # (8, 64)
        state = (h.detach(), state[1]) if cut else state  # cut: no way back through h, only along c
    return torch.autograd.grad(h.sum(), inputs)[0].flatten(1).norm(dim=1).flip(0)[::10].tolist()


inputs = torch.randn(T + 1, 8, D, device=device, requires_grad=True)
cell = nn.LSTMCell(D, 64).to(device)  # one set of weights below: only the forget bias changes
norms = {"RNN": reach(nn.RNNCell(D, 64).to(device)), "LSTM": reach(cell)}
for value in (1, 4):
    set_forget_bias(cell, value)
    norms[f"LSTM, forget bias {value}"] = reach(cell)
    norms[f"LSTM, forget bias {value}, along c alone"] = reach(cell, cut=True)
set_forget_bias(cell)
close(reach(cell), norms["LSTM, forget bias 1"], msg="the same weights and inputs, the same gradient")
cell.weight_hh.data *= 16
norms["LSTM, forget bias 1, W_hh times 16"] = reach(cell)
print("norm of the gradient 0, 10, 20, 30, 40, 50 steps back")
for name, row in norms.items():
    print(f"{name}:", *(f"{norm:.0e}" for norm in row))
rnn, fresh, bias_1, bias_1_c, _, bias_4_c, large = (row[-1] / row[0] for row in norms.values())
assert rnn < 1e-7 and fresh < 1e-7, "as torch initialises them, both lose the gradient over 50 steps"
assert bias_1 > 3e-6 and bias_1 > 100 * max(rnn, fresh), "forget bias 1 keeps a gradient that the RNN loses"
assert bias_1_c < min(1e-5, bias_1 / 20), "though most of that has come through h: along c there is only 0.73 a step"
assert 0.02 < bias_4_c < 1, "forget bias 4: a good part arrives along c alone"
bias_4 = norms["LSTM, forget bias 4"]
assert bias_4[5] > bias_4[1], "and with the way through h the gradient grows on its way back"
assert large > 1e3, "through h it can explode all the same"
