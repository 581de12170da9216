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
torch.set_default_device(os.environ.get("KB_DEVICE"))  # harmless: None, so the CPU; naming it slows each call
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
for shape in ((8, 5), (3, 4, 5)):
    labels = torch.randint(5, shape[:-1])
    labels.view(-1)[-5:] = -100  # in the second case all tokens of the last text, and one of the second
    s, t = (torch.randn(shape).masked_fill(labels[..., None] < 0, float("nan")).requires_grad_() for _ in "st")
    at = t.isfinite().all(-1)  # what counts  # harmless: a row is nan as a whole, or nowhere
    for T, share in ((1.0, 1.0), (3.0, 1.0), (3.0, 0.25), (2.0, 0.0)):
        softened = [Categorical(logits=logits[at] / T) for logits in (t, s)]
        soft = kl_divergence(*softened).mean()  # of teacher to student, in nats, a mean over samples or tokens
        hard = -s[at].log_softmax(1).gather(1, labels[at, None]).mean()
        both = distillation_loss(s, t, labels, T, share), share * T**2 * soft + (1 - share) * hard
        close(*both, msg=lambda text: f"T squared, shares, means over what counts; {text}")
        close(*(torch.autograd.grad(loss, s, retain_graph=True)[0][at] for loss in both))
    distillation_loss(s, t, labels).backward()
    assert t.grad is None and s.grad is not None and at.sum() == at.numel() - 5, "who learns, and from which tokens"

# %% A step changes the student alone
x, labels = torch.randn(32, 10), torch.randint(5, (32,))
teacher = nn.Sequential(nn.Linear(10, 64), nn.BatchNorm1d(64), nn.Dropout(0.5), nn.Linear(64, 5)).eval()
student = nn.Linear(10, 5, bias=False)  # harmless: a bias would learn beside it
optimizer = torch.optim.SGD(student.parameters(), lr=0.1)  # the student's parameters alone
before = deepcopy(teacher.state_dict())
for _ in range(2):
    wanted = distillation_loss(student(x), teacher(x), labels)
    old, (slope,) = student.weight.tolist(), torch.autograd.grad(wanted, student.weight)
    close(train_step(student, teacher, optimizer, x, labels), wanted.item())
    close(student.weight.detach(), torch.tensor(old) - 0.1 * slope)
close(teacher.state_dict(), before, rtol=0, atol=0)
with torch.no_grad():
    assert torch.equal(teacher(x), teacher(x)) and not torch.equal(teacher.train()(x), teacher(x)), "dropout is noise"
assert not torch.equal(teacher[1].running_mean, before["1.running_mean"]), "no_grad does not stop BatchNorm's averages"

# %% What kl_div wants: logarithms first, and "batchmean"
p, q = (torch.randn(2, 8, 10) * torch.tensor([1.0, 3])[:, None, None]).softmax(-1)  # (8, 10) each
true = kl_divergence(Categorical(probs=p), Categorical(probs=q)).mean()
close(F.kl_div(q.log(), p, reduction="batchmean"), true)
assert abs(true - F.kl_div(p.log(), q, reduction="batchmean")) > 0.1, "KL is not symmetric"
assert F.kl_div(q, p, reduction="batchmean") < 0, "probabilities in place of logarithms: no error, a negative number"
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    by_mean = F.kl_div(q.log(), p)  # the default: reduction="mean"
assert "reduction: 'mean' divides the total loss by both the batch size and the support size" in str(caught[0].message)
close(by_mean, true / 10)  # by the number of classes too small
by_text = F.kl_div(q.view(2, 4, 10).log(), p.view(2, 4, 10), reduction="batchmean")
close(by_text, 4 * true)  # divided by 2 texts, not by their 8 tokens

# %% Why T squared: with it the gradient keeps its size
s, t = torch.randn(2, 64, 10, dtype=torch.double) * 3
s.requires_grad_()
labels, sizes = torch.zeros(64, dtype=torch.long), {}
for T in (1.0, 4.0, 16.0, 64.0, 10_000.0):
    (slope,) = torch.autograd.grad(distillation_loss(s, t, labels, T, share=1.0), s)
    sizes[T] = slope.norm().item()
    ratio = sizes[T] / sizes[1.0]
    print(f"T={T:.0f}: the gradient is {ratio:.2f} times that at T=1; without T squared {ratio / T**2:.1g}")
    assert 0.8 < ratio < 1.8, "with T squared it keeps its size"
centred = [logits - logits.mean(1, keepdim=True) for logits in (s, t)]
close(slope, (centred[0] - centred[1]) / 10 / 64, atol=1e-5, rtol=1e-3)  # the logits' difference by classes and batch


# %% Few labels: what the student learns from
def fit(net, x, target, loss, steps=80):
    seen.update(map(tuple, x.tolist()))
    net = deepcopy(net)  # each begins with the same weights
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02, fused=True)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(net(x), target).backward()
        optimizer.step()
    return net


def mixed_up(logits):  # the best class keeps its logit, the others swap theirs
    best = logits.argmax(1, keepdim=True)
    order = torch.rand_like(logits).scatter(1, best, 2).argsort(1, descending=True)  # the best one first
    rest = order.gather(1, torch.cat([torch.zeros_like(best), torch.rand_like(logits[:, 1:]).argsort(1) + 1], 1))
    return logits.scatter(1, order, logits.gather(1, rest))


def soft(T):
    return lambda out, wanted: distillation_loss(out, wanted, wanted.argmax(1), T, share=1.0)  # harmless: any label


found = {}
for _ in range(3):
    centres, seen = torch.randn(8, 10), set()
    much_y, y, held_y = (torch.randint(8, (n,)) for n in (2000, 40, 2000))  # the teacher's, the student's, the test's
    much, x, held = (torch.normal(centres[label], 1.0) for label in (much_y, y, held_y))
    teacher = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 8))  # harmless: a linear net does as well here
    teacher = fit(teacher, much, much_y, F.cross_entropy).requires_grad_(False)
    logits = teacher(x)
    fresh = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 8))  # harmless: a linear net does as well here
    hinted = fit(nn.Sequential(*fresh[:2], nn.Linear(32, 64)), x, teacher[:2](x), F.mse_loss)  # widths 32 and 64
    students = {
        "labels": fit(fresh, x, y, F.cross_entropy),
        "teacher's answers": fit(fresh, x, logits.argmax(1), F.cross_entropy),
        "T=1": fit(fresh, x, logits, soft(1.0)),
        "T=4": fit(fresh, x, logits, soft(4.0)),
        "T=4, others mixed up": fit(fresh, x, mixed_up(logits), soft(4.0)),
        "hints, then labels": fit(nn.Sequential(*hinted[:2], fresh[2]), x, y, F.cross_entropy),
        "the teacher": teacher,
        "2000 labels": fit(fresh, much, much_y, F.cross_entropy),
        "2000 at T=4": fit(fresh, much, teacher(much), soft(4.0)),
    }
    assert F.mse_loss(hinted(x), teacher[:2](x)) < teacher[:2](x).var() / 4, "the hint was learnt"
    assert soft(4.0)(logits, logits).abs() < 1e-5, "a perfect copy has no loss"
    assert torch.equal(mixed_up(logits).argmax(1), logits.argmax(1)), "the best class is the same"
    close(mixed_up(logits).sort(1).values, logits.sort(1).values)
    assert len(seen.union(map(tuple, held.tolist()))) == 2000 + 40 + 2000, "the test part is nobody's training"
    for name, net in students.items():
        found.setdefault(name, []).append((net(held).argmax(1) == held_y).float().mean().item())
score = {name: mean(values) for name, values in found.items()}
print("accuracy from 40 samples:", ", ".join(f"{name} {value:.1%}" for name, value in score.items()))
for name in ("labels", "teacher's answers"):
    assert all(a > b + 0.02 for a, b in zip(found["T=4"], found[name], strict=True)), "probabilities tell more"
assert score["T=4"] > score["T=1"] > score["teacher's answers"] + 0.02
assert score["T=4"] - 0.01 < score["the teacher"] < score["T=4"] + 0.07, "40 inputs with probabilities: nearly as good"
assert score["T=4, others mixed up"] - 0.03 < score["labels"] < score["T=4"] - 0.05, "what is alike: that helps"
gain, by_answers = (score[name] - score["labels"] for name in ("T=4", "teacher's answers"))
assert -0.05 < by_answers < 0.6 * gain and abs(score["hints, then labels"] - score["labels"]) < 0.05, "these do little"
assert abs(score["2000 at T=4"] - score["2000 labels"]) < 0.03, "with many labels there is little left to gain"
