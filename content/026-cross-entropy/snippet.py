# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Cross entropy takes logits: logsumexp minus the target's logit; a Softmax in front of it floors the loss."""

import math
import os

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
N, C = 64, 10


# %% In short
criterion = nn.CrossEntropyLoss()  # options: label_smoothing=0.1, weight of shape (C,), ignore_index=-100


def train_step(net, optimizer, x, target):  # target (N,), long, class indices from 0 to C - 1
    loss = criterion(net(x), target)  # logits (N, C), no Softmax at the end of the net
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@torch.no_grad()
def predict(net, x):
    logits = net(x)
    return logits.argmax(dim=1), logits.softmax(dim=1)  # class (N,), probabilities (N, C)


# %% By hand: -log softmax of the target class, one loss a row
logits = 3 * torch.randn(N, C, device=device)  # (N, C), any real numbers
target = torch.cat([torch.arange(C), torch.randint(C, (N - C,))]).to(device)  # (N,), class indices, each class occurs


def row_losses(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    # hole: loss-from-logits
    chosen = logits[torch.arange(len(target)), target]  # (N,)
    return logits.logsumexp(dim=1) - chosen  # (N,)
    # end


losses = row_losses(logits, target)
torch.testing.assert_close(losses, F.cross_entropy(logits, target, reduction="none"))
torch.testing.assert_close(losses.mean(), nn.CrossEntropyLoss()(logits, target))
torch.testing.assert_close(losses.mean(), nn.NLLLoss()(nn.LogSoftmax(dim=1)(logits), target))

# %% Logits of 1000: log(softmax) loses them, logsumexp subtracts the largest first
extreme = torch.tensor([[0.0, 1000.0], [1000.0, 0.0], [-1000.0, -1000.0]], device=device, requires_grad=True)  # (3, 2)
exact = torch.tensor([1000.0, 0.0, math.log(2)], device=device)
stable = row_losses(extreme, torch.zeros(3, dtype=torch.long, device=device))  # (3,)
torch.testing.assert_close(stable, exact, atol=1e-4, rtol=0)  # float32 near 1000 has steps of 6e-5
slope = torch.autograd.grad(stable.sum(), extreme)[0]  # (3, 2)
wanted = torch.tensor([[-1.0, 1.0], [0.0, 0.0], [-0.5, 0.5]], device=device)  # softmax minus one-hot
torch.testing.assert_close(slope, wanted, atol=1e-4, rtol=0)
naive = -extreme.softmax(dim=1).log()[:, 0]
print(f"logits (0, 1000), class 0: log(softmax) gives {naive[0].item()}, cross entropy {stable[0].item()}")
torch.testing.assert_close(naive, torch.tensor([math.inf, 0.0, math.log(2)], device=device))  # log(0) is -inf
patched = -(extreme.softmax(dim=1)[0, 0] + 1e-8).log()  # harmless: tiny over either axis
assert abs(patched - 18.4207) < 1e-3 and not torch.autograd.grad(patched, extreme)[0].any(), (
    "a small constant hides the inf, and kills the gradient"
)

# %% The gradient is predicted minus wanted probability
leaf = logits.clone().requires_grad_()  # harmless: for order
F.cross_entropy(leaf, target).backward()
onehot = F.one_hot(target, C).float()  # (N, C)
torch.testing.assert_close(leaf.grad, (logits.softmax(dim=1) - onehot) / N)
probe = nn.Linear(C, C).to(device)
optimizer = torch.optim.SGD(probe.parameters(), lr=1.0)
for _ in range(2):  # a gradient left over from the first step would make the second too long
    wanted = (probe.bias - (predict(probe, logits)[1] - onehot).mean(dim=0)).detach().clone()  # harmless: or one
    train_step(probe, optimizer, logits, target)
    torch.testing.assert_close(probe.bias, wanted, rtol=1e-4, atol=1e-5)

# %% Merely correct is not zero: the loss falls with the margin
for margin in (0.0, 1.0, 3.0, 10.0):
    right = F.one_hot(target, C) * margin  # (N, C), argmax is correct for any margin above 0
    loss = F.cross_entropy(right, target).item()
    print(f"margin {margin:4.1f}: loss {loss:.4f}")
    assert abs(loss - math.log1p((C - 1) * math.exp(-margin))) < 1e-4, "log(1 + (C - 1) e^-margin) is never 0"

# %% A Softmax layer in front: its outputs lie in [0, 1], so no margin exceeds 1
for classes in (2, 10, 1000):
    best = F.one_hot(torch.tensor([0], device=device), classes).float()  # (1, classes), a perfect Softmax output
    floor = F.cross_entropy(best, torch.tensor([0], device=device)).item()
    ceiling = F.cross_entropy(best, torch.tensor([1], device=device)).item()
    print(f"{classes} classes: after a Softmax the loss stays between {floor:.3f} and {ceiling:.3f}")
    assert abs(floor - math.log1p((classes - 1) / math.e)) < 1e-4, "never below log(1 + (C - 1) / e)"
    assert abs(ceiling - floor - 1) < 1e-4, "from a perfect to a totally wrong row the loss moves by 1"

inputs = onehot + 0.1 * torch.randn(N, C, device=device)  # (N, C), easy to separate
for name, head in (("logits", nn.Identity()), ("softmax", nn.Softmax(dim=1))):  # harmless: without dim it warns
    net = nn.Sequential(nn.Linear(C, C), head).to(device)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    for step in range(1, 201):
        loss = train_step(net, optimizer, inputs, target)
        if step % 100 == 0:
            print(f"step={step} {name}={loss:.4f}")
    assert (predict(net, inputs)[0] == target).all(), "both classify every row, so accuracy hides the mistake"
    above = loss - (math.log1p((C - 1) / math.e) if name == "softmax" else 0)
    assert -1e-4 < above < 0.05, "logits bring the loss to 0, a second softmax only to its floor of 1.461"

# %% Soft targets: H(p, q) = H(p) + KL(p || q), least at q = p, and there it is H(p)
p = (2 * torch.randn(N, C, device=device)).softmax(dim=1)  # (N, C), rows sum to 1
entropy = -(p * p.log()).sum(dim=1).mean()
kl = F.kl_div(logits.log_softmax(dim=1), p, reduction="batchmean")
torch.testing.assert_close(F.cross_entropy(logits, p), entropy + kl)
torch.testing.assert_close(F.cross_entropy(p.log(), p), entropy)
assert kl > 0 and entropy > 0.1, "with soft targets the best possible loss is their entropy, not 0"
torch.testing.assert_close(F.cross_entropy(logits, onehot), losses.mean())
eps = 0.1
smooth = (1 - eps) * onehot + eps / C  # (N, C), label smoothing is nothing but this soft target
torch.testing.assert_close(F.cross_entropy(logits, target, label_smoothing=eps), F.cross_entropy(logits, smooth))

# %% Class weights and ignore_index: what the mean divides by
weight = torch.linspace(1, 5, C, device=device)  # (C,)
IGNORE = -100
masked = target.masked_fill(torch.arange(N, device=device) % 3 == 0, IGNORE)  # (N,), such as padding


def weighted_mean(losses, masked, weight):  # (N,), (N,), (C,)
    # hole: weighted-mean
    keep = masked != IGNORE
    row_weight = weight[masked[keep]]
    mean_loss = (row_weight * losses[keep]).sum() / row_weight.sum()
    # end
    return mean_loss


mean_loss = weighted_mean(losses, masked, weight)
torch.testing.assert_close(mean_loss, F.cross_entropy(logits, masked, weight=weight, ignore_index=IGNORE))
soft_mean = F.cross_entropy(logits, onehot, weight=weight)  # the same weights, targets as probabilities
torch.testing.assert_close(soft_mean, (weight[target] * losses).sum() / N)  # divided by N
assert F.cross_entropy(logits, torch.full_like(target, IGNORE)).isnan(), "nothing left to average: 0 / 0"
assert (masked == IGNORE).sum() == 22, "a third of the rows is left out"
print(f"weighted mean over {(masked >= 0).sum().item()} of {N} rows: {mean_loss.item():.4f}")
