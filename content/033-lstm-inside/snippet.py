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


# %% One step by hand: x (N, D), h and c (N, H) -> the new h and c
def step(cell: nn.LSTMCell, x, h, c):
    W_ih, W_hh = cell.weight_ih, cell.weight_hh  # (4H, D), (4H, H)
    bias = cell.bias_ih + cell.bias_hh  # (4H,)
    # hole: lstm-step
    i, f, g, o = (x @ W_ih.mT + h @ W_hh.mT + bias).chunk(4, dim=1)  # (N, H) each
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()  # keep some of the old, add some of the candidate
    h = o.sigmoid() * c.tanh()  # show some of it
    # end
    return h, c


cell = nn.LSTMCell(D, H).to(device)
x = 2 * torch.randn(T, N, D, device=device)
h, c = torch.randn(2, N, H, device=device)
states = [(h, c)]
for x_t in x:
    close(step(cell, x_t, *states[-1]), cell(x_t, states[-1]))
    states.append(step(cell, x_t, *states[-1]))
lstm = nn.LSTM(D, H).to(device)
lstm.load_state_dict({f"{name}_l0": p for name, p in cell.state_dict().items()})
output, (h_n, c_n) = lstm(x, (h[None], c[None]))
close(torch.stack([h for h, _ in states[1:]]), output)  # output is h at every step; of c only the last is returned
close((h_n[0], c_n[0]), states[-1])
print(f"the cell by hand, nn.LSTMCell and nn.LSTM agree over {T} steps")

# %% The order of the four blocks: push one at a time to -1000 and see what it was
tiny = nn.LSTM(1, 1, bias=False).to(device)
nn.init.zeros_(tiny.weight_hh_l0)
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
assert found[3] == (2.5, 0.0), "block 3, o = 0: c is as before, h shows nothing"

# %% Parameters: four blocks, and two bias vectors, of which the step by hand used only the sum
for d, s in ((4, 8), (10, 20), (7, 1)):
    count = sum(p.numel() for p in nn.LSTM(d, s).parameters())
    assert count == 4 * (s * d + s * s + 2 * s), "four blocks: three gates and the candidate"

# %% Along c alone, the gradient is the product of the forget gates
c_0, kept = torch.zeros(N, H, device=device, requires_grad=True), torch.ones(N, H, device=device)
h, c = torch.zeros(N, H, device=device), c_0
for x_t in x:
    z = x_t @ cell.weight_ih.mT + h @ cell.weight_hh.mT + cell.bias_ih + cell.bias_hh
    kept = kept * z[:, H : 2 * H].sigmoid()
    h, c = step(cell, x_t, h, c)
    h = h.detach()  # cut the way through the gates, leave the way along c
close(torch.autograd.grad(c.sum(), c_0)[0], kept.detach(), rtol=1e-7, atol=0)


# %% How much of a gradient at the last step reaches the input 0, 10, ..., 50 steps before
def forget(cell, bias):
    with torch.no_grad():
        cell.bias_ih.chunk(4)[1].fill_(bias)
        cell.bias_hh.chunk(4)[1].zero_()  # the two are added: 1 in both would make 2
    return cell


def reach(cell, cut=False):
    x, state = torch.randn(T + 1, 8, D, device=device, requires_grad=True), None
    for x_t in x:
        state = cell(x_t, state)  # LSTM: (h, c), RNN: h
        h = state[0] if isinstance(state, tuple) else state  # (8, 64)
        state = (h.detach(), state[1]) if cut else state  # cut: no way back through h, only along c
    return torch.autograd.grad(h.sum(), x)[0].flatten(1).norm(dim=1).flip(0)[::10].tolist()


cell = nn.LSTMCell(D, 64).to(device)  # one set of weights below: only the forget bias changes
norms = {"RNN": reach(nn.RNNCell(D, 64).to(device)), "LSTM": reach(cell)}
for b in (1, 4):
    norms[f"LSTM, forget bias {b}"] = reach(forget(cell, b))
    norms[f"LSTM, forget bias {b}, along c alone"] = reach(cell, cut=True)
forget(cell, 1).weight_hh.data *= 16
norms["LSTM, forget bias 1, W_hh times 16"] = reach(cell)
for name, row in norms.items():
    print(f"{name}:", *(f"{norm:.0e}" for norm in row))
rnn, fresh, bias_1, bias_1_c, _, bias_4_c, large = (row[-1] / row[0] for row in norms.values())
assert rnn < 1e-7 and fresh < 1e-7, "as torch initialises them, both lose the gradient over 50 steps"
assert bias_1 > 3e-6 and bias_1 > 100 * max(rnn, fresh), "forget bias 1 keeps a gradient that the RNN loses"
assert bias_1_c < min(1e-5, bias_1 / 20), "though most of that has come through h: along c there is only 0.73 a step"
assert 0.02 < bias_4_c < 1, "forget bias 4: a good part arrives along c alone"
assert large > 1e3, "through h it can explode all the same"
