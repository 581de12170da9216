# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Transfer by feature extraction: freeze a trained body, keep its BatchNorm in eval mode, train a new head on it."""

import copy
import os

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
FEATURES, MANY, FEW, SOME, TEST = 64, 150, 3, 20, 40  # MANY images of each digit, FEW or SOME of each letter


# %% In short
def train_new_head(net, classes, images, labels, steps=60, lr=0.03):
    net.requires_grad_(False)  # freeze all that is there
    net.head = nn.Linear(net.head.in_features, classes).to(images.device)  # new, so it can be trained
    optimizer = torch.optim.Adam(net.head.parameters(), lr=lr)
    net.eval()  # BatchNorm keeps its running statistics # harmless: the nets below see to it themselves
    net.head.train()  # harmless: matters if there is dropout
    for _ in range(steps):
        loss = F.cross_entropy(net(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net


# %% Two drawn tasks on a seven-segment display: digits with many labels, letters with few
bars = {"a": (0, slice(6)), "b": (slice(6), 5), "c": (slice(5, 11), 5), "d": (10, slice(6)), "e": (slice(5, 11), 0)}
bars |= {"f": (slice(6), 0), "g": (5, slice(6))}
digits = ["abcdef", "bc", "abdeg", "abcdg", "bcfg", "acdfg", "acdefg", "abc", "abcdefg", "abcdfg"]
letters = ["abcefg", "cdefg", "adef", "bcdeg", "adefg", "aefg", "bcefg", "bcde", "def"]  # A b C d E F H J L


def draw(codes, each):
    labels = torch.arange(len(codes)).repeat(each)  # (N,)
    images = torch.zeros(len(labels), 1, 14, 10)
    places = torch.randint(4, labels.shape), torch.randint(5, labels.shape)
    for image, label, top, left in zip(images, labels, *places, strict=True):
        for bar in codes[label]:
            image[0, top : top + 11, left : left + 6][bars[bar]] = 1  # harmless: wherever it stands
    images += 0.4 * torch.randn_like(images)
    return images.to(device), labels.to(device)  # (N, 1, 14, 10), (N,)


# %% A body turns an image into features, a head turns features into scores
class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        layers = []
        for c_in, c_out in (1, 8), (8, 16), (16, FEATURES):
            layers += [nn.Conv2d(c_in, c_out, 3, padding=1), nn.BatchNorm2d(c_out), nn.ReLU(), nn.MaxPool2d(2)]
        self.body = nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten())
        self.head = nn.Linear(FEATURES, classes)

    def forward(self, x):
        return self.head(self.body(x))  # (N, classes)

    def train(self, mode=True):
        super().train(mode)
        # hole: frozen-norms
        if not next(self.body.parameters()).requires_grad:
            self.body.eval()
        # end
        return self


def fit(net, images, labels, steps, lr):
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)  # frozen weights have no gradient: they are skipped
    for step in range(1, steps + 1):
        some = torch.randperm(len(labels), device=device)[:64]
        loss = F.cross_entropy(net(images[some]), labels[some])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 20 == 0:
            print(f"step={step} loss={loss.item():.4f}")


@torch.no_grad()
def accuracy(net, images, labels):
    return (net.eval()(images).argmax(dim=1) == labels).float().mean().item()


# %% Pretrain on the digits, then keep a record of every weight and buffer
source, fresh = Net(len(digits)).to(device).train(), draw(digits, TEST)
fit(source, *draw(digits, MANY), steps=100, lr=0.01)
record = copy.deepcopy(source.body.state_dict())  # harmless: as long as nobody changes the source


# %% Freeze the body, replace the head
def adapt(source, classes):
    net = copy.deepcopy(source)
    # hole: freeze-and-replace
    net.requires_grad_(False)
    net.head = nn.Linear(FEATURES, classes)  # made after the freeze, so it can be trained
    # end
    return net.to(device)


net = adapt(source, len(letters))
assert all(p.requires_grad for p in source.parameters()), "the source is left as it was"
assert net(fresh[0]).shape == (len(fresh[0]), len(letters))
assert {name[:5] for name, p in net.named_parameters() if p.requires_grad} == {"head."}, "the head alone can learn"
assert net.train().head.training and not net.body[1].training and not net.eval().head.training, (
    "the head follows the mode"
)

# %% Few labels: a new head on the frozen body, on an untrained body, and the same net trained from scratch
few, some, test = draw(letters, FEW), draw(letters, SOME), draw(letters, TEST)
assert not any((x[:, None] == test[0]).flatten(2).all(2).any() for x, _ in (few, some)), "test images are new"
net = train_new_head(copy.deepcopy(source), len(letters), *few)
assert all(torch.equal(x, record[name]) for name, x in net.body.state_dict().items()), "the body is bit-identical"
assert source.head.out_features == 10 and net.head.weight.grad.abs().max() < 0.02, "each step has its own gradient"
untrained = train_new_head(Net(len(digits)).to(device), len(letters), *few)
scratch = Net(len(letters)).to(device).train()
fit(scratch, *few, steps=60, lr=0.01)
assert accuracy(scratch, *few) > 0.9, "from scratch the net learns its few labels, but by heart"
transfer, blind, alone = (accuracy(each, *test) for each in (net, untrained, scratch))
print(f"{FEW} labels a letter: accuracy {transfer:.2f}, untrained body {blind:.2f}, from scratch {alone:.2f}")
assert 0.95 > transfer > max(blind, alone) + 0.15, "with few labels, features of a related task beat all else"

# %% More labels: train the new head, then unfreeze everything at a lower rate
frozen = adapt(source, len(letters)).train()
fit(frozen, *some, steps=60, lr=0.03)  # harmless: the head first
tuned = copy.deepcopy(frozen).requires_grad_(True).train()
fit(tuned, *some, steps=60, lr=0.003)
fit(frozen, *some, steps=60, lr=0.03)  # as many steps for the head alone
frozen, tuned = accuracy(frozen, *test), accuracy(tuned, *test)
print(f"{SOME} labels a letter: accuracy {frozen:.2f} frozen, {tuned:.2f} fine-tuned")
assert tuned > frozen > transfer, "with more labels, fine-tuning the body pays"

# %% In train mode BatchNorm's statistics move, although its weights are frozen
naive = adapt(source, len(letters))
naive.body.train()
fit(naive, *few, steps=60, lr=0.03)
moved = {name.split(".")[-1] for name, x in naive.body.state_dict().items() if not torch.equal(x, record[name])}
assert moved == {"running_mean", "running_var", "num_batches_tracked"}, "requires_grad=False stops no buffer"
naive.head = net.head = source.head  # back to the digits, whose head has not changed
print(f"digits: accuracy {accuracy(net, *fresh):.2f}, with moved statistics {accuracy(naive, *fresh):.2f}")
before, after, drifted = (each(fresh[0]) for each in (source.eval(), net.train(), naive))  # (N, 10)
torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-3)  # net.train() leaves a frozen body in eval mode
assert (drifted - before).norm() > 0.05 * before.norm(), "the old task's scores have changed"
assert [each.body[1].num_batches_tracked.item() for each in (source, scratch)] == [100, 60], "only training moves them"
