# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""One class of two, one of many, or any number at once: the question decides head, loss, target and threshold."""

import os

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny tensors: more threads would only wait for one another
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
torch.set_default_device(device)  # harmless: it is the CPU anyway, unless KB_DEVICE says otherwise
close = torch.testing.assert_close


# %% In short
def binary_loss(logits, y):  # yes or no: logits (N, 1) from nn.Linear(features, 1), y (N,) of 0 and 1
    return F.binary_cross_entropy_with_logits(logits.squeeze(1), y.float())


def class_loss(logits, y):  # one of C: logits (N, C) from nn.Linear(features, C), y (N,) of 0 to C - 1
    return F.cross_entropy(logits, y.long())


def tags_loss(logits, y):  # any of C: logits (N, C) from nn.Linear(features, C), y (N, C) of 0 and 1
    return F.binary_cross_entropy_with_logits(logits, y.float())


def guesses(binary, classes, tags):  # logits of the three heads; 0 stands for a probability of 0.5
    return (binary.squeeze(1) > 0).long(), classes.argmax(1), (tags > 0).long()


binary, classes, tags = (
    torch.tensor([[0.5], [-1]]),
    torch.tensor([[0.0, 3, 1], [2, 0, 1]]),
    torch.tensor([[2.0, -1, 1]]),
)
found = [guess.tolist() for guess in guesses(binary, classes, tags)]
assert found == [[1, 0], [1, 0], [[1, 0, 1]]]
close(binary_loss(binary, torch.tensor([1, 1])), -torch.tensor([0.5, -1]).sigmoid().log().mean())
close(class_loss(classes, torch.tensor([1, 2])), -classes.softmax(1)[[0, 1], [1, 2]].log().mean())
close(tags_loss(tags, torch.tensor([[1, 0, 1]])), -torch.tensor([2.0, 1, 1]).sigmoid().log().mean())


# %% Binary cross entropy by hand, and what pos_weight does
def bce_from_logits(logits, target, pos_weight):
    # hole: bce-from-logits
    positive, negative = F.softplus(-logits), F.softplus(logits)  # -log p and -log(1 - p)
    return pos_weight * target * positive + (1 - target) * negative
    # end


z = torch.tensor([-1000.0, -3, -0.5, 0, 2, 1000], requires_grad=True)
for target in (torch.zeros(6), torch.ones(6), torch.tensor([0.0, 1, 0.3, 1, 0.9, 1])):
    for pos_weight in (1.0, 3.0):
        own = bce_from_logits(z, target, pos_weight)  # (6,), as reduction="none"
        ready = F.binary_cross_entropy_with_logits(z, target, reduction="none", pos_weight=torch.tensor(pos_weight))
        close(own, ready)
        slopes = [torch.autograd.grad(loss.sum(), z)[0] for loss in (own, ready)]  # harmless: both alike
        assert own.isfinite().all() and slopes[0].isfinite().all()
        close(*slopes)
close(bce_from_logits(torch.zeros(2, 3), torch.ones(2, 3), torch.tensor([1.0, 2, 4]))[1].log2().diff(), torch.ones(2))
pair, y = torch.randn(50, 2), torch.arange(50) % 2
close(F.cross_entropy(pair, y), F.binary_cross_entropy_with_logits(pair[:, 1] - pair[:, 0], y.float()))

rare = torch.cat([torch.ones(100), torch.zeros(900)])  # without features: one logit for all of them
for pos_weight in (1.0, 9.0):
    row = torch.linspace(-5, 5, 10_001)
    losses = torch.stack([bce_from_logits(logit, rare, pos_weight).mean() for logit in row])
    told, share = row[losses.argmin()].sigmoid(), pos_weight * 0.1 / (pos_weight * 0.1 + 0.9)
    close(told, torch.tensor(share), atol=1e-3, rtol=0)
    close(losses.min(), (pos_weight * 0.1 * -told.log() + 0.9 * -(1 - told).log()))
    print(f"10% positives, pos_weight {pos_weight:.0f}: the loss is lowest where the net says {told:.0%}")


# %% Several labels at once: softmax cannot say "both", nor "none"
def drawn(count, generator):
    y = torch.rand(count, 3, generator=generator, device=device) < 0.4  # three tags, on or off by themselves
    return y + 0.2 * torch.randn(count, 3, generator=generator, device=device), y.float()


generator = torch.Generator(device).manual_seed(0)
x, y = drawn(400, generator)
held_x, held_y = drawn(1000, generator)
assert not (held_x[:, None] == x).all(2).any(), "no image of the test is one of the training"
exact = {}
for name in ("sigmoid", "softmax"):
    head = nn.Linear(3, 3)
    optimizer = torch.optim.Adam(head.parameters(), 0.1)
    for _ in range(200):
        optimizer.zero_grad()
        shares = y / y.sum(1, keepdim=True).clamp(min=1)  # what softmax could be given: halves for two tags
        assert torch.equal(shares.sum(1), (y.sum(1) > 0).float())
        loss = tags_loss(head(x), y) if name == "sigmoid" else F.cross_entropy(head(x), shares)  # harmless: see two
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        logits = head(held_x)
        p = logits.sigmoid() if name == "sigmoid" else logits.softmax(1)
    assert torch.equal(p > 0.5, logits > 0) if name == "sigmoid" else torch.allclose(p.sum(1), torch.ones(1000))
    exact[name] = ((p > 0.5) == held_y.bool()).all(1).float().mean().item()
    two = (p[held_y.sum(1) == 2] > 0.5).sum(1)
    assert (two < 2).all() if name == "softmax" else (two == 2).float().mean() > 0.9
print(f"all three tags right: sigmoid {exact['sigmoid']:.0%}, softmax {exact['softmax']:.0%}")
assert exact["sigmoid"] > 0.9 and exact["softmax"] < 0.75


# %% Calibration: one temperature, fitted on validation data
def temperature(logits, labels):
    # hole: temperature
    candidates = torch.logspace(-1, 1, 1000).tolist()
    return min(candidates, key=lambda one: F.cross_entropy(logits / one, labels).item())
    # end


def calibration_error(logits, labels, bins=10):  # how far confidence is from accuracy, weighted by how many
    confidence, guess = logits.softmax(1).max(1)
    place, right, error = (confidence * bins).long().clamp(max=bins - 1), guess == labels, 0.0
    for at in place.unique():
        inside = place == at
        error += inside.float().mean() * (confidence[inside].mean() - right[inside].float().mean()).abs()
    return error.item()


overconfident = torch.tensor([[4.0, 0]]).expand(400, 2)  # says 98%, and is right in 300 of 400 cases
right = torch.cat([torch.zeros(300), torch.ones(100)]).long()
close(temperature(overconfident, right), 4 / torch.tensor(3.0).log().item(), atol=0, rtol=0.01)
assert temperature(overconfident / 8, right) < 0.5, "a modest net is sharpened"
always = [temperature(overconfident / 8, torch.full((400,), label)) for label in (0, 1)]  # harmless: the ends
close(torch.tensor(always), torch.tensor([0.1, 10]), atol=0, rtol=0.01)  # the ends of the range
said = torch.tensor([[1, 0, 0], [0.95, 0.04, 0.01], [0.65, 0.3, 0.05], [0.45, 0.4, 0.15]])  # probabilities
error = calibration_error(said.log(), torch.tensor([1, 0, 0, 1]))  # wrong, right, right, wrong
close(error, (0.975 - 0.5) / 2 + (1 - 0.65) / 4 + 0.45 / 4)  # the first two share the last bin

points, centers = torch.randn(1600, 20), torch.randn(4, 20) * 0.35
labels = torch.randint(4, (1600,))
points += centers[labels]
train, fit, test = torch.arange(1600).split([200, 400, 1000])
assert len(set(torch.cat([train, fit, test]).tolist())) == 1600, "three parts, disjoint"
net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 4))
optimizer = torch.optim.Adam(net.parameters(), 0.01)
for _ in range(150):
    optimizer.zero_grad()
    F.cross_entropy(net(points[train]), labels[train]).backward()
    optimizer.step()
with torch.no_grad():
    fitted, logits = net(points[fit]), net(points[test])
T = temperature(fitted, labels[fit])
errors = [calibration_error(logits / t, labels[test]) for t in (1, T)]
losses = [F.cross_entropy(logits / t, labels[test]).item() for t in (1, T)]
accuracy = (logits.argmax(1) == labels[test]).float().mean().item()
sharp = temperature(net(points[train]), labels[train])
assert accuracy > 0.5 and sharp < 1, "on what it was trained on the net is right: there it would be sharpened"
print(f"accuracy {accuracy:.0%}; temperature {T:.1f}: calibration error {errors[0]:.2f} -> {errors[1]:.2f}")
assert T > 2 and errors[1] < errors[0] / 3 and losses[1] < losses[0] / 1.5, "fitted on one part, better on another"
assert torch.equal((logits / T).argmax(1), logits.argmax(1)), "no guess changes"

# %% The threshold follows from what mistakes cost
ill = torch.rand(20_000) < 0.05
score = torch.randn(20_000) + 2 * ill  # one measurement, higher for the ill
p = (2 * score - 2 + torch.tensor(0.05 / 0.95).log()).sigmoid()  # by Bayes  # harmless: the odds of 0.05
told = p[p > 0.3].mean() - ill[p > 0.3].float().mean()
assert told.abs() < 0.05, "calibrated: of those with such probabilities, so many are ill"


def cost(threshold, miss=10.0, alarm=1.0):
    return (miss * (ill & (p <= threshold)) + alarm * (~ill & (p > threshold))).mean().item()


always = [cost(0), cost(1), cost(0, alarm=2.0)]  # "yes" to all, "no" to all
close(torch.tensor(always), torch.tensor([0.95, 0.5, 1.9]), atol=0.03, rtol=0)
costs = {threshold: cost(threshold) for threshold in (0.5, 1 / 11, 0.01)}
print("a miss costs 10 false alarms; cost by threshold:", *(f"{t:.2f}: {c:.2f}" for t, c in costs.items()))
assert costs[1 / 11] < 0.8 * costs[0.5] and costs[1 / 11] < 0.8 * costs[0.01], "alarm / (alarm + miss)"
