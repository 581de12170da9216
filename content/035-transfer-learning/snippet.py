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
FEATURES, MANY, FEW, TEST = 64, 150, 3, 40  # MANY images of each digit, FEW of each letter

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
            image[0, top : top + 11, left : left + 6][bars[bar]] = 1
    images += 0.4 * torch.randn_like(images)
    return images.to(device), labels.to(device)  # (N, 1, 14, 10), (N,)


# %% A body turns an image into features, a head turns features into scores
class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        layers = []
        for c_in, c_out in (1, 8), (8, 16), (16, FEATURES):
            layers += [nn.Conv2d(c_in, c_out, 3, padding=1), nn.BatchNorm2d(c_out), nn.ReLU(), nn.MaxPool2d(2)]
        self.body = nn.Sequential(*layers[:-1], nn.AdaptiveMaxPool2d(1), nn.Flatten())
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
    optimizer = torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=lr)
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
record = copy.deepcopy(source.body.state_dict())


# %% Freeze the body, replace the head
def adapt(source, classes):
    net = copy.deepcopy(source)
    # hole: freeze-and-replace
    net.requires_grad_(False)
    net.head = nn.Linear(FEATURES, classes)  # made after the freeze, so it can be trained
    # end
    return net.to(device)


net = adapt(source, len(letters))
assert net(fresh[0]).shape == (len(fresh[0]), len(letters)), "the new head has one score for each letter"
assert not any(p.requires_grad for p in net.body.parameters()), "the body is frozen"
assert all(p.requires_grad for p in net.head.parameters()), "a head replaced before the freeze is frozen too"
assert net.train().head.training and not net.eval().head.training, "the head follows the mode"

# %% Few labels: the frozen body with a new head against the same net trained from scratch
few, test = draw(letters, FEW), draw(letters, TEST)
net, scratch = adapt(source, len(letters)).train(), Net(len(letters)).to(device).train()
fit(net, *few, steps=60, lr=0.03)
fit(scratch, *few, steps=60, lr=0.01)
assert all(torch.equal(x, record[name]) for name, x in net.body.state_dict().items()), "the body is bit-identical"
assert accuracy(scratch, *few) > 0.9, "from scratch the net learns its few labels, but by heart"
transfer, alone = accuracy(net, *test), accuracy(scratch, *test)
print(f"letters, {FEW} labels each: accuracy {transfer:.2f} with the digits' body, {alone:.2f} from scratch")
assert transfer > alone + 0.15, "with few labels, features from a related task beat training from scratch"

# %% In train mode BatchNorm's statistics move, although its weights are frozen
naive = adapt(source, len(letters)).train()
naive.body.train()
fit(naive, *few, steps=60, lr=0.03)
moved = {name.split(".")[-1] for name, x in naive.body.state_dict().items() if not torch.equal(x, record[name])}
assert moved == {"running_mean", "running_var", "num_batches_tracked"}, "requires_grad=False stops no buffer"
print(f"letters: accuracy {accuracy(naive, *test):.2f} with moved statistics")
naive.head = net.head = source.head  # back to the digits, whose head has not changed
print(f"digits: accuracy {accuracy(net, *fresh):.2f}, with moved statistics {accuracy(naive, *fresh):.2f}")
before, after, drifted = (each(fresh[0]) for each in (source.eval(), net.train(), naive))  # (N, 10)
torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-3)  # net.train() leaves a frozen body in eval mode
assert (drifted - before).norm() > 0.05 * before.norm(), "the old task's scores have changed"
assert source.body[1].num_batches_tracked == 100, "BatchNorm's statistics follow the 100 training steps, and no others"
