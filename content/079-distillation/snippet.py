# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A student learns a teacher's probabilities: also how it ranks the wrong classes, which a label does not tell."""

import os
import warnings
from copy import deepcopy
from statistics import mean

import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Categorical, kl_divergence

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny tensors: more threads would only wait for one another
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
torch.set_default_device(device)  # harmless: it is the CPU anyway, unless KB_DEVICE says otherwise
close = torch.testing.assert_close


# %% In short
def distillation_loss(student, teacher, labels, T=4.0, share=0.5):  # logits (N, C) or (N, L, C); labels (N) or (N, L)
    # hole: distillation-loss
    kept = labels != -100  # padding
    student, teacher = student[kept], teacher[kept].detach()  # (M, C): "batchmean" divides by M
    log_q, log_p = F.log_softmax(student / T, 1), F.log_softmax(teacher / T, 1)
    soft = F.kl_div(log_q, log_p, reduction="batchmean", log_target=True)
    return share * T**2 * soft + (1 - share) * F.cross_entropy(student, labels[kept])
    # end


def train_step(student, teacher, optimizer, x, labels):
    with torch.no_grad():
        wanted = teacher(x)  # teacher.eval() was called before; both get the same x
    loss = distillation_loss(student(x), wanted, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


# %% The loss against torch.distributions, for logits of both ranks
for shape in ((6, 5), (3, 4, 5)):
    s, t = torch.randn(shape, requires_grad=True), torch.randn(shape, requires_grad=True)
    labels = torch.randint(5, shape[:-1])
    labels[-1, ...] = -100  # the last sample, or all tokens of it
    with torch.no_grad():
        s[-1], t[-1] = float("nan"), float("nan")  # what is ignored must not be seen
    for T, share in ((1.0, 1.0), (3.0, 1.0), (3.0, 0.25), (2.0, 0.0)):
        softened = [Categorical(logits=logits[:-1].detach().flatten(0, -2) / T) for logits in (t, s)]
        soft = kl_divergence(*softened).mean()  # of teacher to student, in nats, a mean over samples or tokens
        hard = -s.detach().log_softmax(-1)[:-1].gather(-1, labels[:-1, ..., None]).mean()
        loss = distillation_loss(s, t, labels, T, share)
        close(loss.detach(), share * T**2 * soft + (1 - share) * hard)
        (slope,) = torch.autograd.grad(loss, s)
        assert slope[:-1].isfinite().all() and not loss.isnan() and loss.dim() == 0
    distillation_loss(s, t, labels).backward()
    assert t.grad is None and s.grad is not None, "the teacher does not learn from its student"

# %% What kl_div wants: logarithms first, and "batchmean"
p, q = (torch.randn(2, 8, 10) * torch.tensor([1.0, 3])[:, None, None]).softmax(-1)  # (8, 10) each
true = (p * (p / q).log()).sum(1).mean()
close(F.kl_div(q.log(), p, reduction="batchmean"), true)
close(F.kl_div(p.log(), q, reduction="batchmean"), (q * (q / p).log()).sum(1).mean())  # swapped: another number
assert abs(true - F.kl_div(p.log(), q, reduction="batchmean")) > 0.1, "KL is not symmetric"
assert F.kl_div(q, p, reduction="batchmean") < 0, "probabilities in place of logarithms: no error, a negative number"
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    by_mean = F.kl_div(q.log(), p, reduction="mean")
assert "reduction: 'mean' divides the total loss by both the batch size and the support size" in str(caught[0].message)
close(by_mean, true / 10)  # by the number of classes too small
tokens = [F.kl_div(part.view(2, 4, 10).log(), whole.view(2, 4, 10), reduction="batchmean") for part, whole in [(q, p)]]
close(tokens[0], 4 * true)  # (2, 4, 10): divided by 2, not by the 8 tokens

# %% Why T squared: with it the gradient keeps its size
s, t = torch.randn(2, 64, 10, dtype=torch.double) * 3
s.requires_grad_()
labels, sizes = torch.zeros(64, dtype=torch.long), {}
for T in (1.0, 4.0, 16.0, 64.0, 10_000.0):
    (slope,) = torch.autograd.grad(distillation_loss(s, t, labels, T, share=1.0), s)
    sizes[T] = slope.norm().item()
    with_T, without = sizes[T] / sizes[1.0], sizes[T] / T**2 / sizes[1.0]
    print(f"T={T:.0f}: the gradient is {with_T:.2f} times that at T=1; without T squared {without:.1g}")
    assert 0.3 < with_T < 2 and (T == 1 or without < 1.5 / T**2)
centred = [logits - logits.mean(1, keepdim=True) for logits in (s, t)]
close(slope, (centred[0] - centred[1]) / 10 / 64, atol=1e-5, rtol=1e-3)  # the logits' difference by classes and batch


# %% Few labels: what the student learns from
def fit(net, x, target, loss, steps, lr=0.02, batch=None):
    optimizer = torch.optim.Adam(net.parameters(), lr)
    for _ in range(steps):
        at = slice(None) if batch is None else torch.randint(len(x), (batch,))
        optimizer.zero_grad()
        loss(net(x[at]), target[at]).backward()
        optimizer.step()
    return net


def mixed_up(logits):  # the best class keeps its logit, the others swap theirs
    best = logits.argmax(1, keepdim=True)
    order = torch.rand_like(logits).scatter(1, best, 2).argsort(1, descending=True)  # the best one first
    rest = order.gather(1, torch.cat([torch.zeros_like(best), torch.rand_like(logits[:, 1:]).argsort(1) + 1], 1))
    return torch.zeros_like(logits).scatter(1, order, logits.gather(1, rest))


def soft(T):
    return lambda logits, target: distillation_loss(logits, target, target.argmax(1), T, share=1.0)


names = "labels", "teacher's answers", "T=1", "T=4", "T=4, others mixed up", "hints, then labels", "teacher"
found = {name: [] for name in names}
for _ in range(3):
    centres = torch.randn(8, 10)
    parts = [(torch.randint(8, (n,)), torch.randn(n, 10)) for n in (4000, 40, 2000)]  # teacher's, student's, test
    (much, much_y), (x, y), (held, held_y) = ((centres[y] + noise, y) for y, noise in parts)
    rows = [set(map(tuple, part.tolist())) for part in (torch.cat([much, x]), held)]
    assert len(rows[0] | rows[1]) == 4000 + 40 + 2000, "the test part is nobody's training"
    teacher = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 8))
    teacher = fit(teacher, much, much_y, F.cross_entropy, 120, batch=128).requires_grad_(False)
    fresh = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 8))
    logits, hinted, project = teacher(x), deepcopy(fresh), nn.Linear(32, 64)
    fit(nn.Sequential(*hinted[:2], project), x, teacher[:2](x), F.mse_loss, 80)  # the widths differ: 32 to 64
    students = dict(zip(names, (
        fit(deepcopy(fresh), x, y, F.cross_entropy, 80),
        fit(deepcopy(fresh), x, logits.argmax(1), F.cross_entropy, 80),
        fit(deepcopy(fresh), x, logits, soft(1.0), 80),
        fit(deepcopy(fresh), x, logits, soft(4.0), 80),
        fit(deepcopy(fresh), x, mixed_up(logits), soft(4.0), 80),
        fit(hinted, x, y, F.cross_entropy, 80),
        teacher), strict=True))  # fmt: skip
    assert torch.equal(mixed_up(logits).argmax(1), logits.argmax(1)), "the best class is the same"
    close(mixed_up(logits).sort(1).values, logits.sort(1).values)
    for name, net in students.items():
        found[name].append((net(held).argmax(1) == held_y).float().mean().item())
score = {name: mean(values) for name, values in found.items()}
print("accuracy from 40 samples:", ", ".join(f"{name} {value:.1%}" for name, value in score.items()))
for name in names[:2]:
    assert all(a > b + 0.02 for a, b in zip(found["T=4"], found[name], strict=True)), "probabilities tell more"
assert score["T=4"] > score["T=1"] > score["teacher's answers"] + 0.03 and score["teacher"] > score["T=4"] - 0.01
assert score["T=4, others mixed up"] - 0.03 < score["labels"] < score["T=4"] - 0.08, "what is alike: that helps"
assert abs(score["hints, then labels"] - score["labels"]) < 0.05, "here hints alone do little"
