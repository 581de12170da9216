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
hidden, y = torch.randn(8, 64), torch.arange(8) % 2
head = nn.Linear(64, 1)
logits = head(hidden).squeeze(1)  # (N, 64) -> (N, 1) -> (N,)
loss = F.binary_cross_entropy_with_logits(logits, y.float())  # y (N,) of 0 and 1
guess = (logits > 0).long()  # where the probability, logits.sigmoid(), is above 0.5
close(loss, -F.logsigmoid((2 * y - 1) * logits).mean())
assert torch.equal(guess, (logits.sigmoid() > 0.5).long()) and not head(hidden).argmax(1).any(), "of one the first"

y = torch.arange(8, dtype=torch.int32)
head = nn.Linear(64, 10)
logits = head(hidden)  # (N, 64) -> (N, 10)
loss = F.cross_entropy(logits, y.long())  # y (N,) of 0 to 9
guess = logits.argmax(1)  # the probabilities are logits.softmax(1)
close(loss, -logits.softmax(1)[range(8), range(8)].log().mean())
assert torch.equal(logits[range(8), guess], logits.max(1).values)

y = (torch.rand(8, 5) < 0.3).long()
head = nn.Linear(64, 5)
logits = head(hidden)  # (N, 64) -> (N, 5)
loss = F.binary_cross_entropy_with_logits(logits, y.float())  # y (N, 5) of 0 and 1
guess = (logits > 0).long()  # where the probability, logits.sigmoid(), is above 0.5
close(loss, -F.logsigmoid((2 * y - 1) * logits).mean())
assert torch.equal(guess, (logits.sigmoid() > 0.5).long())


# %% Binary cross entropy by hand, and what pos_weight does
def bce_from_logits(logits, target, pos_weight):
    # hole: bce-from-logits
    positive, negative = F.softplus(-logits), F.softplus(logits)  # -log p and -log(1 - p)
    return pos_weight * target * positive + (1 - target) * negative
    # end


z = torch.tensor([-1000.0, -3, -0.5, 0.1, 2, 1000], requires_grad=True)
for target in (torch.zeros(6), torch.ones(6), torch.tensor([0.0, 1, 0.3, 1, 0.9, 1])):
    for pos_weight in (1.0, 3.0):
        own = bce_from_logits(z, target, pos_weight)  # (6,), as reduction="none"
        ready = F.binary_cross_entropy_with_logits(z, target, reduction="none", pos_weight=torch.tensor(pos_weight))
        close(own, ready)
        slopes = [torch.autograd.grad(loss.sum(), z)[0] for loss in (own, ready)]  # harmless: both alike
        close(*slopes)
close(bce_from_logits(torch.zeros(2, 3), torch.ones(2, 3), torch.tensor([1.0, 2, 4]))[1].log2().diff(), torch.ones(2))
far = torch.tensor(30.0, requires_grad=True)
assert torch.autograd.grad(F.binary_cross_entropy(far.sigmoid(), torch.tensor(0.0)), far)[0] == 0, "BCELoss is stuck"
assert F.binary_cross_entropy_with_logits(torch.tensor(5.0), torch.tensor(2.0)) < 0, "targets are not checked"
pair, y = torch.randn(50, 2), torch.arange(50) % 2
close(F.cross_entropy(pair, y), F.binary_cross_entropy_with_logits(pair[:, 1] - pair[:, 0], y.float()))

rare = torch.cat([torch.ones(100), torch.zeros(900)])  # without features: one logit for all of them
for pos_weight in (1.0, 9.0):
    row = torch.linspace(-5, 5, 1001)
    losses = torch.stack([bce_from_logits(one.expand(1000), rare, pos_weight).mean() for one in row])  # harmless: sum
    told, share = row[losses.argmin()].sigmoid(), pos_weight * 0.1 / (pos_weight * 0.1 + 0.9)
    close(told, torch.tensor(share), atol=1e-3, rtol=0)
    print(f"10% positives, pos_weight {pos_weight:.0f}: the loss is lowest where the net says {told:.0%}")


# %% Several labels at once: softmax has one probability to share among them
def drawn(count):
    y = torch.rand(count, 3) < 0.4  # three tags, on or off by themselves
    return y + 0.2 * torch.randn(count, 3), y.float()


def trained():  # two heads on the same 400 points, which are seen nowhere else
    x, y = drawn(400)
    shares = y / y.sum(1, keepdim=True).clamp(min=1)  # softmax learns halves for two tags, and nothing from "none"
    assert torch.equal(shares.sum(1), (y.sum(1) > 0).float())
    for name, loss, goal in (("sigmoid", F.binary_cross_entropy_with_logits, y), ("softmax", F.cross_entropy, shares)):
        head = nn.Linear(3, 3)
        optimizer = torch.optim.Adam(head.parameters(), 0.1)
        for _ in range(200):
            optimizer.zero_grad()
            loss(head(x), goal).backward()
            optimizer.step()
        yield name, head


heads, right = list(trained()), {}
x, y = drawn(1000)  # held out: drawn when all is trained
for name, head in heads:
    p = head(x).sigmoid() if name == "sigmoid" else head(x).softmax(1)
    right[name] = [((p > k / 100) == y.bool()).all(1).float().mean().item() for k in range(100)]  # by threshold
    both = ((p > 0.5).sum(1) == 2)[y.sum(1) == 2].float().mean()
    assert both > 0.9 if name == "sigmoid" else both == 0, "two of three shares cannot be above one half"
    print(f"{name}: all three tags right {right[name][50]:.0%}, with the best threshold {max(right[name]):.0%}")
assert right["sigmoid"][50] > 0.95 and right["sigmoid"][0] < 0.2, "a probability is above 0 in any case"
assert 0.4 < right["softmax"][50] < 0.65 and max(right["softmax"]) < 0.85


# %% Calibration: one temperature, fitted on validation data
def temperature(logits, labels):
    # hole: temperature
    candidates = torch.logspace(-1, 1, 1000).tolist()
    return min(candidates, key=lambda one: F.cross_entropy(logits / one, labels).item())
    # end


rows = torch.tensor([[2.0, 1, 0], [12, 0, 3]]).repeat_interleave(10, 0)  # the second kind is far too sure
labels = torch.tensor([0] * 9 + [1] + [0] * 7 + [2] * 2 + [1])
for z, about in ((rows, 5.3), (0.0406 * rows, 0.214)):
    for near, side in ((0.99, 1), (1.01, -1)):  # where the loss is lowest, its slope changes sign
        slope = ((z / (near * temperature(z, labels))).softmax(1) * z).sum(1).mean() - z[range(20), labels].mean()
        assert side * slope > 0 and abs(temperature(z, labels) / about - 1) < 0.05, "the lowest cross entropy, to 1%"
ends = torch.tensor([temperature(rows, torch.full((20,), label)) for label in (0, 1)])  # always right, never right
close(ends, torch.tensor([0.1, 10]), atol=0, rtol=0.01)


def calibration_error(logits, labels, bins=10):  # how far confidence is from accuracy, weighted by how many
    confidence, guess = logits.softmax(1).max(1)
    place = (confidence * bins).long().clamp(max=bins - 1)
    gaps = torch.zeros(bins).index_add(0, place, confidence - (guess == labels).float())  # each times its bin's count
    return gaps.abs().sum().item() / len(labels)


said = torch.tensor([[1, 0, 0], [0.95, 0.04, 0.01], [0.65, 0.3, 0.05], [0.45, 0.4, 0.15]])  # probabilities
error = calibration_error(said.log(), torch.tensor([1, 0, 0, 1]))  # wrong, right, right, wrong
close(error, (0.975 - 0.5) / 2 + (1 - 0.65) / 4 + 0.45 / 4)  # the first two share the last bin
centers = 1.6 * torch.eye(4, 20)  # harmless: how far apart the classes lie


def sample(count):
    labels = torch.randint(4, (count,))
    return torch.randn(count, 20) + centers[labels], labels


def net_and_temperature():
    points, labels = sample(200)
    net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 4))
    optimizer = torch.optim.Adam(net.parameters(), 0.01)
    for _ in range(150):
        optimizer.zero_grad()
        F.cross_entropy(net(points), labels).backward()
        optimizer.step()
    logits = net(points).detach()  # harmless: only a solution that calls backward() needs it
    assert torch.equal(logits.argmax(1), labels) and temperature(logits, labels) < 1, "all right: it would be sharpened"
    points, labels = sample(400)  # validation data, new to the net
    return net, temperature(net(points).detach(), labels)  # harmless: as above


net, T = net_and_temperature()
points, labels = sample(1000)  # the test part: drawn when all is fitted
logits = net(points).detach()  # harmless: as above
errors = [calibration_error(logits / t, labels) for t in (1, T)]
accuracy = (logits.argmax(1) == labels).float().mean().item()
print(f"accuracy {accuracy:.0%}; temperature {T:.1f}: calibration error {errors[0]:.2f} -> {errors[1]:.2f}")
assert isinstance(T, float) and 0.4 < accuracy < 0.8 and T > 2 and errors[1] < errors[0] / 2, "mended on new data"

# %% The threshold follows from what mistakes cost
ill = torch.rand(20_000) < 0.05
score = torch.randn(20_000) + 2 * ill  # one measurement, higher for the ill
p = (2 * score - 2 + torch.tensor(0.05 / 0.95).log()).sigmoid()  # by Bayes  # harmless: the odds of 0.05
assert (p[p > 0.3].mean() - ill[p > 0.3].float().mean()).abs() < 0.05, "calibrated: so many of them are ill"


def cost(threshold, miss=10.0, alarm=1.0):
    return (miss * (ill & (p <= threshold)) + alarm * (~ill & (p > threshold))).mean().item()


close(torch.tensor([cost(0), cost(1), cost(0, alarm=2.0)]), torch.tensor([0.95, 0.5, 1.9]), atol=0.03, rtol=0)
costs = {threshold: cost(threshold) for threshold in (0.5, 1 / 11, 0.01)}
print("a miss costs 10 false alarms; cost by threshold:", *(f"{t:.2f}: {c:.2f}" for t, c in costs.items()))
assert costs[1 / 11] < 0.8 * costs[0.5] and costs[1 / 11] < 0.8 * costs[0.01], "alarm / (alarm + miss)"
