# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Few labels, many points: a disturbed view must agree with what a slow copy of the net, or the net itself, said."""

import copy
import math
import os

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

torch.manual_seed(0)
torch.set_num_threads(1)  # the nets are tiny: threads would only wait for one another
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))


# %% In short
def training_step(student, teacher, optimizer, x, y, unlabelled, unlabelled_loss, weight, decay=0.97):
    loss = F.cross_entropy(student(x), y) + weight * unlabelled_loss(student, teacher, unlabelled)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    ema_update(teacher, student, decay)


def mean_teacher(student, teacher, unlabelled):
    with torch.no_grad():
        target = teacher(weak(unlabelled)).softmax(dim=1)  # (N, C)
    return F.mse_loss(student(strong(unlabelled)).softmax(dim=1), target)


def ema_update(teacher, student, decay):
    # hole: ema-update
    with torch.no_grad():
        for name, slow in teacher.named_parameters():
            slow.lerp_(student.get_parameter(name), 1 - decay)  # decay * its own + (1 - decay) * the student's
        for name, slow in teacher.named_buffers():
            slow.copy_(student.get_buffer(name))  # BatchNorm's statistics, and its counter, an integer
    # end


def fixmatch(student, teacher, unlabelled, threshold=0.95):  # pseudo-labels; it needs no teacher
    with torch.no_grad():
        weak_logits = student(weak(unlabelled))  # (N, C)
    return pseudo_label_loss(weak_logits, student(strong(unlabelled)), threshold)


def pseudo_label_loss(weak_logits, strong_logits, threshold):
    # hole: pseudo-label-loss
    confidence, label = weak_logits.softmax(dim=1).max(dim=1)  # (N,) each
    loss = F.cross_entropy(strong_logits, label, reduction="none")  # (N,)
    return (loss * (confidence >= threshold)).mean()  # divided by N, not by the number of confident rows
    # end


def weak(x):
    return x + 0.02 * torch.randn_like(x)  # harmless: it may be x itself


def strong(x):
    return x + 0.2 * torch.randn_like(x)


# %% The average by hand: n steps leave decay**n of the start, and (1 - decay) * decay**(n - k) of step k
for frozen in (True, False):
    student = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)).to(device)
    student[0].bias.requires_grad_(False)  # averaged all the same  # harmless: for those who skip it
    student.register_buffer("step", torch.tensor(0, device=device))
    teacher = copy.deepcopy(student).requires_grad_(not frozen)
    ready_made = AveragedModel(student, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    ready_made.update_parameters(student)  # the first call copies, whatever the decay
    held, by_hand = list(teacher.parameters()), [0.9**10 * slow for slow in teacher.parameters()]
    for step in range(10):
        for total, fast in zip(by_hand, student.parameters(), strict=True):
            nn.init.normal_(fast)  # as if an optimizer had moved it
            total += 0.1 * 0.9 ** (9 - step) * fast
        student(torch.randn(8, 3, device=device))  # moves the statistics of BatchNorm
        student.step += 1
        assert teacher[1].num_batches_tracked == teacher.step == step, "copied, not shared"
        ema_update(teacher, student, 0.9)
        ready_made.update_parameters(student)
    torch.testing.assert_close(held, by_hand)
    torch.testing.assert_close(teacher.state_dict(), ready_made.module.state_dict())
    for slow, now, fast in zip(held, teacher.parameters(), student.parameters(), strict=True):
        assert now is slow and now.is_leaf and now.requires_grad is not frozen and not torch.equal(now, fast)
    mean_teacher(student, teacher, torch.randn(8, 3, device=device)).backward()
    assert student[0].weight.grad.any() and all(slow.grad is None for slow in held), "the target is a number to reach"
assert mean_teacher(nn.Identity(), nn.Identity(), 1000 * torch.eye(2, device=device)[:1, :, None].expand(2, 2, 2)) == 0

# %% Pseudo-labels by hand, of classes 0, 1, 2, 0 with probabilities 0.9, 0.6, 0.8 and exactly 1
guess = torch.tensor([[18.0, 1, 1], [3, 6, 1], [1, 1, 8], [1e30, 1, 1]], device=device).log().requires_grad_()
logits = torch.tensor([[2.0, 1, 1], [2, 3, 5], [2, 1, 1], [2, 1, 1]], device=device).log().requires_grad_()
slope = torch.tensor([[-0.5, 0.25, 0.25], [0.2, -0.7, 0.5], [0.5, 0.25, -0.75], [-0.5, 0.25, 0.25]], device=device) / 4
for threshold, factor, sure in ((0.0, 160 / 3, "1111"), (0.7, 16, "1011"), (1.0, 2, "0001"), (1.01, 1, "0000")):
    loss = pseudo_label_loss(guess, logits, threshold)
    torch.testing.assert_close(loss, torch.tensor(math.log(factor) / 4, device=device))
    by_logits, by_guess = torch.autograd.grad(loss, (logits, guess), allow_unused=True)
    torch.testing.assert_close(by_logits, slope * torch.tensor([[float(s)] for s in sure], device=device))
    assert by_guess is None or not by_guess.any(), "no gradient into the labels"
assert abs(pseudo_label_loss(guess[:1], logits[:1], 0.7).item() - math.log(2)) < 1e-5, "N is this batch's, 1 too"

# %% Two moons, three labels each: ten runs side by side, rows dealt out to them in equal parts
RUNS, STEPS = 10, 200


class Linear(nn.Module):  # one for each run
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(RUNS, inputs, outputs, device=device) / inputs**0.5)
        self.bias = nn.Parameter(torch.rand(RUNS, 1, outputs, device=device) - 0.5)  # harmless: any

    def forward(self, x):  # (RUNS * B, inputs) -> (RUNS * B, outputs)
        return torch.baddbmm(self.bias, x.view(RUNS, -1, x.shape[1]), self.weight).flatten(0, 1)


def moons(share, noise=0.1):  # (RUNS, B), places along a moon -> points (RUNS * 2B, 2), moon 0 or 1 (RUNS * 2B,)
    upper = torch.stack([(math.pi * share).cos(), (math.pi * share).sin()], dim=-1)
    both = torch.cat([upper, torch.tensor([1.0, 0.5], device=device) - upper], dim=1)
    moon = torch.arange(2, device=device).repeat_interleave(share.shape[1]).repeat(RUNS)
    return (both + noise * torch.randn_like(both)).view(-1, 2), moon  # harmless: thin moons will do


x, y = moons(torch.tensor([1 / 6, 1 / 2, 5 / 6], device=device).expand(RUNS, -1), noise=0.0)  # harmless: noisy ones do
unlabelled, hidden = moons(torch.rand(RUNS, 60, device=device))  # hidden: for the score alone
start = nn.Sequential(Linear(2, 24), nn.ReLU(), Linear(24, 24), nn.ReLU(), Linear(24, 2))  # harmless: one layer less


def train(unlabelled_loss, weight, ramp):
    torch.manual_seed(1)
    student, teacher = copy.deepcopy(start), copy.deepcopy(start).requires_grad_(False)
    optimizer = torch.optim.Adam(student.parameters(), lr=0.01, fused=True)
    for step in range(STEPS):
        now = weight * math.exp(-5 * max(0.0, 1 - step / ramp) ** 2) if ramp else weight  # harmless: any rise
        training_step(student, teacher, optimizer, x, y, unlabelled, unlabelled_loss, now)
    return student, teacher


def own_target(student, teacher, unlabelled, disturb=strong, cut=True):  # the net is its own teacher
    target = student(weak(unlabelled)).softmax(dim=1)
    return F.mse_loss(student(disturb(unlabelled)).softmax(dim=1), target.detach() if cut else target)


settings = {
    "labels alone": (mean_teacher, 0.0, 0),
    "mean teacher": (mean_teacher, 10.0, 0),
    "FixMatch": (fixmatch, 1.0, 0),
    "no threshold": (lambda *nets: fixmatch(*nets, threshold=0.0), 1.0, 0),
    "FixMatch, weight 10": (fixmatch, 10.0, 0),
    "no threshold, weight 10": (lambda *nets: fixmatch(*nets, threshold=0.0), 10.0, 0),
    "ramp-up instead": (lambda *nets: fixmatch(*nets, threshold=0.0), 10.0, 100),  # harmless: with one, too
    "own target": (own_target, 30.0, 0),
    "two weak views": (lambda *nets: own_target(*nets, disturb=weak), 30.0, 0),
    "no detach": (lambda *nets: own_target(*nets, cut=False), 30.0, 0),
}
trained = {"untrained": (start, start)} | {name: train(*setting) for name, setting in settings.items()}

(test, moon), first_wrong = moons(torch.rand(RUNS, 200, device=device)), start(unlabelled).argmax(dim=1) != hidden
assert {*map(tuple, test.tolist())}.isdisjoint(map(tuple, torch.cat([x, unlabelled]).tolist())), "held out"
above = (test[:, 1] < 0.25).long()  # another truth: a straight line parts the classes; the six labels are the same
assert torch.equal((x[:, 1] < 0.25).long(), y)
row = "{:<23} accuracy {:.3f}, line {:.3f}, confidence {:.2f}; {:.3f} wrong, {:.3f} sure, {:.3f} both; {:.2f} kept"
accuracy, line, sure, kept = {}, {}, {}, {}  # kept: of the untrained net's errors
for name, (student, teacher) in trained.items():
    assert all(p.grad is None and not p.requires_grad for p in teacher.parameters()) or teacher is start
    label, (confidence, pseudo) = student(test).argmax(dim=1), student(unlabelled).softmax(dim=1).max(dim=1)
    wrong, chosen = pseudo != hidden, confidence >= 0.95
    columns = (label == moon, label == above, confidence, wrong, chosen, wrong & chosen, wrong[first_wrong])
    accuracy[name], line[name], sure[name], *_, kept[name] = shares = [c.float().mean().item() for c in columns]
    print(row.format(name, *shares))
assert min(accuracy[name] for name in ("mean teacher", "FixMatch", "ramp-up instead")) > accuracy["labels alone"] + 0.02
assert line["mean teacher"] < line["labels alone"] - 0.04, "the same nets lose where the border is not in the gap"
assert abs(accuracy["no threshold"] - accuracy["FixMatch"]) < 0.05 and sure["no threshold"] != sure["FixMatch"]
assert accuracy["no threshold, weight 10"] < accuracy["FixMatch, weight 10"] - 0.15, "a large weight needs one"
assert 1 == kept["untrained"] > kept["no threshold, weight 10"] > kept["FixMatch, weight 10"] + 0.2, "errors confirmed"
assert accuracy["own target"] > 0.02 + max(accuracy[name] for name in ("labels alone", "two weak views", "no detach"))
assert max(sure["untrained"], sure["no detach"]) < 0.92 < sure["own target"] <= 1, "a target that gives way"
