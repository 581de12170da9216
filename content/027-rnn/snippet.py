# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A recurrent net uses one set of weights at every step; gradients pass through them as often, and shrink or grow."""

import os

import torch
from torch import nn

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)  # on a GPU, cuDNN rounds float32 recurrences to TF32: too coarse to compare
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
close = torch.testing.assert_close
N, T, D, H = 3, 7, 4, 16  # batch, steps, input size, state size


# %% In short
class Tagger(nn.Module):
    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        self.rnn, self.head = nn.RNN(inputs, hidden, batch_first=True), nn.Linear(hidden, outputs)

    def forward(self, x, h=None):  # (N, T, D), (layers, N, H); without h the state begins at zero
        output, h = self.rnn(x, h)  # (N, T, H): every step; (layers, N, H): the last one
        return self.head(output), h  # an answer a step; for one a sequence: self.head(h[-1])


def train_step(net, optimizer, loss_of, x, y, h=None):
    logits, h = net(x, h)
    optimizer.zero_grad()
    loss_of(logits, y).backward()
    nn.utils.clip_grad_norm_(net.parameters(), max_norm=1.0)
    optimizer.step()
    return logits.detach(), h.detach()  # detach: the next chunk's backward stops at its start  # harmless: for logits


# %% The recurrence by hand
def unroll(rnn: nn.RNN, x: torch.Tensor, h: torch.Tensor) -> torch.Tensor:  # (N, T, D), (N, H) -> (N, T, H)
    W_ih, W_hh = rnn.weight_ih_l0, rnn.weight_hh_l0  # (H, D), (H, H)
    bias = rnn.bias_ih_l0 + rnn.bias_hh_l0  # (H,)
    # hole: unroll
    states = []
    for t in range(x.shape[1]):
        h = torch.tanh(x[:, t] @ W_ih.mT + h @ W_hh.mT + bias)  # (N, H)
        states.append(h)
    return torch.stack(states, dim=1)
    # end


rnn = nn.RNN(D, H, batch_first=True).to(device)
x, h_0 = torch.randn(N, T, D, device=device), torch.randn(1, N, H, device=device)
output, h_n = rnn(x, h_0)  # (N, T, H), (1, N, H)
close(unroll(rnn, x, h_0[0]), output)
by_hand = torch.autograd.grad(unroll(rnn, x, h_0[0]).square().sum(), rnn.weight_hh_l0)[0]
close(by_hand, torch.autograd.grad(output.square().sum(), rnn.weight_hh_l0, retain_graph=True)[0])  # nothing detached
longer = torch.randn(N, 3 * T, D, device=device)
close(unroll(rnn, longer, h_0[0]), rnn(longer, h_0)[0])
assert sum(p.numel() for p in rnn.parameters()) == H * D + H * H + 2 * H, "the same weights serve any length"
print(f"the loop and nn.RNN agree over {T} steps and over {3 * T}")


# %% Backpropagation through time by hand: over the same steps, last to first
@torch.no_grad()  # harmless: it only spares memory
def through_time(W_hh, h, to_h):  # (H, H); h (N, 1 + T, H) begins with the initial state; gradient to the last, (N, H)
    to_W = torch.zeros_like(W_hh)
    for t in range(h.shape[1] - 1, 0, -1):
        # hole: back-through-time
        to_sum = to_h * (1 - h[:, t] ** 2)  # back through tanh
        to_W += to_sum.mT @ h[:, t - 1]  # W_hh was used at every step, so its gradients add up
        to_h = to_sum @ W_hh  # to the state of the step before
        # end
    return to_W


(output[:, -1].square().sum() / 2).backward()
h = torch.cat([h_0.transpose(0, 1), output], dim=1).detach()  # (N, 1 + T, H)  # harmless: no slope is taken
close(through_time(rnn.weight_hh_l0, h, h[:, -1]), rnn.weight_hh_l0.grad)
print("the gradient of W_hh is the sum of what each step contributes")

# %% Layouts: batch_first turns x and output, never h_n
deep, steps_first = nn.RNN(D, H, num_layers=2, batch_first=True).to(device), nn.RNN(D, H, num_layers=2).to(device)
steps_first.load_state_dict(deep.state_dict())
output, h_n = deep(x)  # (N, T, H): top layer, every step; (2, N, H): every layer, last step
turned, h_n_too = steps_first(x.transpose(0, 1))  # (T, N, H), (2, N, H)
assert output.shape == (N, T, H) and turned.shape == (T, N, H), "batch_first turns x and output"
assert h_n.shape == h_n_too.shape == (2, N, H), "h_n is (layers, N, H) with and without batch_first"
close(h_n_too, h_n)
close(h_n[-1], output[:, -1])  # h_n[-1] is the last layer, h_n[:, -1] would be the last sample


# %% Vanishing and exploding: how much of a gradient at the last step reaches the input 0, 10, 20, 30 steps back
def reach(scale: float) -> tuple[nn.RNN, list[float]]:
    rnn = nn.RNN(D, 64).to(device)
    with torch.no_grad():
        rnn.weight_hh_l0 *= scale  # times 1: torch's own initialisation
    x = torch.randn(31, 8, D, device=device, requires_grad=True)
    rnn(x)[0][-1].sum().backward()  # harmless: or the mean, or h_n
    return rnn, x.grad.flatten(1).norm(dim=1).flip(0)[::10].tolist()


for scale in (1, 2, 6):
    net, norms = reach(scale)
    radius = torch.linalg.eigvals(net.weight_hh_l0.detach().cpu()).abs().max().item()
    print(f"W_hh times {scale}, largest |eigenvalue| {radius:.2f}:", *(f"{norm:.1e}" for norm in norms))
    pairs = list(zip(norms[1:], norms[:-1], strict=True))  # (farther, nearer)
    if scale == 1:
        assert radius < 1 and all(far < near / 10 for far, near in pairs), "small weights: it vanishes"
    if scale == 2:  # harmless: a check less
        back = net.weight_hh_l0.matrix_power(30) @ net.weight_ih_l0  # (64, D), the way without the slopes of tanh
        linear = 8**0.5 * back.sum(dim=0).norm()  # over 8 samples  # harmless: passed by far
        assert radius > 1 and norms[0] / 30 < norms[-1] < norms[0] * 10 < linear, "the slopes hold the growth back"
    if scale == 6:
        assert radius > 1 and all(far > near * 3 for far, near in pairs), "large weights: it explodes"

# %% Clipping: one factor for all gradients
gradient = torch.cat([p.grad.flatten() for p in net.parameters()])  # of the net that explodes
returned = nn.utils.clip_grad_norm_(net.parameters(), max_norm=1.0)
clipped = torch.cat([p.grad.flatten() for p in net.parameters()])
assert gradient.norm() > 1000 and clipped.norm() < 1 + 1e-9, "the norm over all parameters together is bounded"
close(clipped, gradient / gradient.norm(), rtol=1e-5, atol=0)  # the direction stays
close(returned, gradient.norm())  # what it returns is the norm before clipping
print(f"clipped: a norm of {returned.item():.1e} became {clipped.norm().item():.3f}")


# %% A stream in chunks: the state is carried over, its graph is cut; asked for is the bit of `back` steps ago
def run(chunk: int, back: int) -> tuple[float, float]:
    net = Tagger(1, 32, 1).to(device)
    optimizer, loss_of = torch.optim.Adam(net.parameters(), lr=0.01), nn.BCEWithLogitsLoss()
    bits = torch.rand(32, back + 100 * chunk, 1, device=device).round()
    h, hits = torch.zeros(1, 32, 32, device=device), {"carried": [], "reset": []}
    for step, (now, past) in enumerate(zip(bits[:, back:].split(chunk, 1), bits.split(chunk, 1), strict=False), 1):
        fresh = net(now)[0].detach()  # (32, chunk, 1), had the state been reset to zero  # harmless: only spares memory
        carried, h = train_step(net, optimizer, loss_of, now, past, h)  # answers are given before the step
        for how, guess in (("carried", carried), ("reset", fresh)):
            hits[how].append((guess > 0) == (past > 0))  # harmless: logits are large
        if step % 20 == 0:
            print(f"step={step} loss={loss_of(carried, past).item():.4f}")
    carried, reset = (torch.stack(hit[-20:])[:, :, :back].double().mean().item() for hit in hits.values())
    print(f"chunks of {chunk}, {back} back: {carried:.3f} right with the state carried, {reset:.3f} not")
    return carried, reset  # answers that lie before the chunk


carried, reset = run(chunk=5, back=3)
assert carried > 0.95 and reset < 0.65, "the state brings what the chunk before has seen, though no gradient goes there"
assert run(chunk=5, back=7)[0] < 0.65 < 0.9 < run(chunk=16, back=7)[0], "a chunk must be longer than the memory"
tagger = Tagger(D, H, 1).to(device)
train_step(tagger, torch.optim.SGD(tagger.parameters()), nn.MSELoss(), x, 1e6 + x[..., :1])  # harmless: far off
assert torch.cat([p.grad.flatten() for p in tagger.parameters()]).norm() < 1 + 1e-6, "a step clips what it takes"
