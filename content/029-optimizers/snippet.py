# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Every optimizer computes w -= lr * d; what sets them apart is how d comes from the gradients so far."""

import os

import torch
from torch import nn
from torch.optim import SGD, Adagrad, Adam, AdamW, RMSprop

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))

# %% In short
net = nn.Linear(4, 3).to(device)  # move the net first, then make the optimizer
optimizer = AdamW(net.parameters(), lr=1e-3, weight_decay=0.01)
# optimizer = SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4)
inputs, targets = torch.randn(64, 4, device=device), torch.randint(3, (64,), device=device)
for step in range(1, 101):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(net(inputs), targets)
    loss.backward()
    optimizer.step()  # w -= lr * d for every parameter w, in place
    if step % 50 == 0:
        print(f"step={step} loss={loss.item():.3f}")

at_end = nn.functional.cross_entropy(net(inputs), targets)
assert at_end < loss and net.weight.grad.norm() < 1, "it learns, and each step has a gradient of its own"

# %% The rules, by hand
STEPS, N, D, C = 20, 32, 8, 3  # steps, samples in a batch, features, classes


# From the gradient g of step t = 1, 2, ... and what state holds to the direction d, both shaped like w
def sgd(g, state, t, momentum=0.0, dampening=0.0, nesterov=False):
    # hole: momentum-direction
    state["buf"] = g if t == 1 else momentum * state["buf"] + (1 - dampening) * g
    return g + momentum * state["buf"] if nesterov else state["buf"]
    # end


def adagrad(g, state, t, eps=1e-10):
    state["sum"] = state.get("sum", 0) + g**2
    return g / (state["sum"].sqrt() + eps)


def rmsprop(g, state, t, alpha=0.99, eps=1e-8):
    state["v"] = alpha * state.get("v", 0) + (1 - alpha) * g**2
    return g / (state["v"].sqrt() + eps)


def adam(g, state, t, betas=(0.9, 0.999), eps=1e-8):
    state["m"] = betas[0] * state.get("m", 0) + (1 - betas[0]) * g
    state["v"] = betas[1] * state.get("v", 0) + (1 - betas[1]) * g**2
    m, v = state["m"] / (1 - betas[0] ** t), state["v"] / (1 - betas[1] ** t)
    return m / (v.sqrt() + eps)


# %% Each rule follows torch.optim for 20 steps of noisy gradients; eps and decay are large so that their place shows
x, start = torch.randn(STEPS, N, D, device=device), torch.randn(D, C, device=device)
labels = (x @ torch.randn(D, C, device=device)).argmax(-1)  # (STEPS, N): each step has a batch of its own


def loss(w: torch.Tensor, t: int) -> torch.Tensor:
    return nn.functional.cross_entropy(x[t - 1] @ w, labels[t - 1])


def by_hand(rule, decoupled: bool, lr: float, weight_decay: float, **options) -> torch.Tensor:
    w, state, path = start, {}, []
    for t in range(1, STEPS + 1):
        g = torch.func.grad(loss)(w, t)  # (D, C)
        if decoupled:
            d = rule(g, state, t, **options) + weight_decay * w  # AdamW: the rule never sees the decay
        else:
            d = rule(g + weight_decay * w, state, t, **options)  # the others: the rule takes it for gradient
        w = w - lr * d
        path.append(w)
    return torch.stack(path)  # (STEPS, D, C)


def by_torch(kind, zero_grad: bool = True, **options) -> torch.Tensor:
    w, path = nn.Parameter(start.clone()), []
    optimizer = kind([w], **options)
    for t in range(1, STEPS + 1):
        if zero_grad:
            optimizer.zero_grad()
        loss(w, t).backward()
        optimizer.step()
        path.append(w.detach().clone())
    return torch.stack(path)  # (STEPS, D, C)


heavy = {"momentum": 0.9}
dampened, nesterov = heavy | {"dampening": 0.5}, heavy | {"nesterov": True}
eps, betas = {"eps": 0.01}, {"betas": (0.8, 0.95), "eps": 0.01}
table = [(SGD, sgd, {}), (SGD, sgd, heavy), (SGD, sgd, dampened), (SGD, sgd, nesterov)]
table += [(Adagrad, adagrad, eps), (RMSprop, rmsprop, eps), (Adam, adam, betas), (AdamW, adam, betas)]
for kind, rule, options in table:
    own = by_hand(rule, decoupled=kind is AdamW, lr=0.1, weight_decay=0.1, **options)
    path = by_torch(kind, lr=0.1, weight_decay=0.1, **options)
    print(f"{kind.__name__:7} differs by {(own - path).abs().max().item():.0e} at most, {options}")
    torch.testing.assert_close(own, path, rtol=1e-4, atol=1e-5)

# %% Nesterov's gradient is taken ahead, where the velocity leads; that point is what torch keeps as the parameter
w, velocity, ahead = start, torch.zeros_like(start), []
for t in range(1, STEPS + 1):
    velocity = 0.9 * velocity - 0.1 * torch.func.grad(loss)(w + 0.9 * velocity, t)
    w = w + velocity
    ahead.append(w + 0.9 * velocity)
torch.testing.assert_close(by_torch(SGD, lr=0.1, **nesterov), torch.stack(ahead), rtol=1e-4, atol=1e-5)

# %% Under a constant gradient, d at steps 1 and 100: SGD's is a multiple of g, the others' ignores the size of g
g, one = torch.tensor([1.0, 0.01], device=device), torch.ones(2, device=device)
rows = [(sgd, {}, g, g), (sgd, heavy, g, 10 * g), (sgd, dampened, g, 5 * g), (sgd, nesterov, 1.9 * g, 10 * g)]
rows += [(adagrad, {}, one, 0.1 * one), (rmsprop, {}, 10 * one, 1.256 * one), (adam, {}, one, one)]
for rule, options, *expected in rows:
    state = {}
    d = [rule(g.clone(), state, t, **options).clone() for t in range(1, 101)]  # clones: a rule may work in place
    print(f"{rule.__name__:7} d for g=1: {d[0][0]:.3f} at step 1, {d[-1][0]:.3f} at step 100, {options}")
    torch.testing.assert_close([d[0], d[-1]], expected, rtol=1e-3, atol=0)

# %% Adam divides the decay by the size of the gradients too, AdamW does not
size, decayed = torch.tensor([0.0, 1.0, 10.0], device=device), {}
for kind in (Adam, AdamW):
    w = nn.Parameter(torch.ones_like(size))
    optimizer = kind([w], lr=0.001, weight_decay=0.1)
    for step in range(200):
        w.grad = size * (-1) ** step  # nothing to learn, so that the decay shows
        optimizer.step()
    decayed[kind] = (1 - w).tolist()
    print(f"{kind.__name__:5} decays by", *(f"{lost:.4f}" for lost in decayed[kind]), "at gradients of size 0, 1, 10")
none, small, large = decayed[Adam]
assert none > 5 * small and small > 3 * large, "in Adam a larger gradient means less decay"
assert max(decayed[AdamW]) < 1.2 * min(decayed[AdamW]), "in AdamW all weights decay alike"
torch.testing.assert_close(
    by_torch(Adam, lr=0.1, weight_decay=0.1, decoupled_weight_decay=True), by_torch(AdamW, lr=0.1, weight_decay=0.1)
)

# %% Without zero_grad, gradients add up in .grad: that is momentum 1
forgotten, momentum_1 = by_torch(SGD, zero_grad=False, lr=0.1), by_torch(SGD, lr=0.1, momentum=1.0)
torch.testing.assert_close(forgotten, momentum_1, rtol=1e-4, atol=1e-5)
