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
longer = torch.randn(N, 3 * T, D, device=device)
close(unroll(rnn, longer, h_0[0]), rnn(longer, h_0)[0])
assert sum(p.numel() for p in rnn.parameters()) == H * D + H * H + 2 * H, "the same weights serve any length"
print(f"the loop and nn.RNN agree over {T} steps and over {3 * T}")

# %% Backpropagation through time by hand: over the same steps, last to first
(output[:, -1].square().sum() / 2).backward()
with torch.no_grad():
    h = torch.cat([h_0.transpose(0, 1), output], dim=1)  # (N, 1 + T, H)
    to_h, to_W = output[:, -1], torch.zeros_like(rnn.weight_hh_l0)  # gradient to the last state; to W_hh so far
    for t in range(T, 0, -1):
        to_sum = to_h * (1 - h[:, t] ** 2)  # back through tanh
        to_W += to_sum.mT @ h[:, t - 1]  # W_hh was used at every step, so its gradients add up
        to_h = to_sum @ rnn.weight_hh_l0  # to the state of the step before
close(to_W, rnn.weight_hh_l0.grad)
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
    rnn(x)[0][-1].sum().backward()
    return rnn, x.grad.flatten(1).norm(dim=1).flip(0)[::10].tolist()


for scale in (1, 2, 6):
    net, norms = reach(scale)
    radius = torch.linalg.eigvals(net.weight_hh_l0.detach().cpu()).abs().max().item()
    print(f"W_hh times {scale}, largest |eigenvalue| {radius:.2f}:", *(f"{norm:.1e}" for norm in norms))
    pairs = list(zip(norms[1:], norms[:-1], strict=True))  # (farther, nearer)
    if scale == 1:
        assert radius < 1 and all(far < near / 10 for far, near in pairs), "small weights: it vanishes"
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

# %% A stream in chunks: the state is carried over, its graph is cut
S, CHUNK, BACK = 32, 5, 3  # streams; steps a chunk; the answer is the bit of 3 steps ago
rnn, head = nn.RNN(1, 32, batch_first=True).to(device), nn.Linear(32, 1).to(device)
weights = [*rnn.parameters(), *head.parameters()]
optimizer = torch.optim.Adam(weights, lr=0.01)
bits = torch.rand(S, BACK + 100 * CHUNK, device=device).round()
chunks = zip(bits[:, BACK:].split(CHUNK, 1), bits[:, :-BACK].split(CHUNK, 1), strict=True)  # (S, CHUNK) each
h, hits = torch.zeros(1, S, 32, device=device), {"carried": [], "reset": []}
for step, (now, past) in enumerate(chunks, 1):
    output, h = rnn(now[:, :, None], h.detach())  # (S, CHUNK, 32); detach: backward stops at the chunk's start
    logits = head(output)[:, :, 0]  # (S, CHUNK)
    fresh = head(rnn(now[:, :, None])[0])[:, :, 0]  # had the state been reset to zero
    loss = nn.functional.binary_cross_entropy_with_logits(logits, past)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(weights, 1.0)
    optimizer.step()
    for how, guess in (("carried", logits), ("reset", fresh)):
        hits[how].append((guess > 0) == (past > 0))
    if step % 20 == 0:
        print(f"step={step} loss={loss.item():.4f}")
seen = {how: torch.stack(hit[-20:])[:, :, :BACK].double().mean().item() for how, hit in hits.items()}
print(f"answers from the chunk before: {seen['carried']:.3f} right with the state carried, {seen['reset']:.3f} not")
assert seen["carried"] > 0.95, "the state brings what the chunk before has seen, though no gradient goes there"
assert seen["reset"] < 0.65, "a state set to zero has forgotten it"
