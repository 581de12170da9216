# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Augmentation tells a net which changes do not matter: worth many images if that is true, harmful if it is not."""

import os

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny tensors: more threads would only wait for one another
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
torch.set_default_device(os.environ.get("KB_DEVICE"))  # harmless: None, so the CPU; naming it slows each call
close = torch.testing.assert_close


# %% In short
@torch.no_grad()
def predict(net, x, views):  # views: functions of x (N, C, H, W) that keep the label
    net.eval()
    answers = [net(view(x)).softmax(dim=-1) for view in views]  # (N, classes) each: probabilities, not logits
    return torch.stack(answers).mean(dim=0)  # (N, classes): over the views, not over the batch


net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.AvgPool2d(9), nn.Dropout(), nn.Flatten(), nn.Linear(8, 5))  # harmless: eval
x = torch.randn(16, 3, 11, 11)

views = [lambda x: x, lambda x: x.flip(-2)]  # the image itself, and upside down
p = predict(net, x, views)
guess = p.argmax(dim=-1)  # (N,)

a, b = net(x), net(x.flip(-2))  # predict has switched dropout off
close(p, (a.exp() / a.exp().sum(1, keepdim=True) + b.exp() / b.exp().sum(1, keepdim=True)) / 2)
assert a.requires_grad and not p.requires_grad and torch.equal(guess, p.max(dim=1).indices)
assert torch.equal(p, predict(net, x.flip(-2), views)), "both views of a flip: exactly the same for a flipped image"
turns = [lambda x, k=k: x.rot90(k, (-2, -1)) for k in range(4)]
whole, part = (predict(net, x, some) - predict(net, turns[1](x), some) for some in (turns, turns[:3]))
assert whole.abs().max() < 1e-5 and part.abs().max() > 1e-3, "invariant if the views are a whole group, not a part"
assert (-2 * p.log() < -(a.log_softmax(1) + b.log_softmax(1)) + 1e-5).all(), "never above the mean loss of the views"
told = torch.tensor([[0.24, 0.76], [0.24, 0.76], [0.9999, 0.0001]])  # three views of one image
assert told.mean(0).argmax() == 1 and told.log().mean(0).argmax() == 0, "among logits one sure view outvotes two"


# %% An answer for every pixel: undo the view before the mean
def average_views(net, x, views):  # views: pairs of functions, there for the images and back for the answers
    # hole: average-views
    net.eval()
    with torch.no_grad():
        answers = [back(net(there(x)).softmax(dim=1)) for there, back in views]  # (N, classes, H, W) each
    return torch.stack(answers).mean(dim=0)
    # end


pairs = [(lambda x: x, lambda x: x), (lambda x: x.flip(-1), lambda answer: answer.flip(-1))]
pairs.append((lambda x: F.interpolate(x, scale_factor=2), lambda answer: F.avg_pool2d(answer, 2)))
pixels = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Conv2d(4, 3, 3, padding=1))
for dtype, count in ((torch.float32, 6), (torch.float64, 1), (torch.bfloat16, 2)):
    x = torch.randn(count, 3, 4, 6, dtype=dtype)
    kept, pixels = x.clone(), pixels.to(dtype).train()  # harmless: both for wrong lines
    got, got_two = average_views(pixels, x, pairs), average_views(pixels, x, pairs[:2])
    first, second, third = (pixels(there(x)).softmax(1) for there, _ in pairs)  # in eval mode by now
    close((got, x), ((first + second.flip(-1) + F.avg_pool2d(third, 2)) / 3, kept))
    assert first.requires_grad and not (got.requires_grad or pixels.training or pixels[1].num_batches_tracked)
    close(average_views(pixels, x.flip(-1), pairs[:2]), got_two.flip(-1))
close(average_views(nn.Flatten(), torch.tensor([[[0.0, 3]]]).log1p(), pairs[:1]), torch.tensor([[0.2, 0.8]]))


# %% Why: the average over all views, in a case that can be solved exactly
def ridge(x, y, strength):  # a linear model of the pixels, its weights as an image
    x = x.flatten(1)
    return torch.linalg.solve(x.T @ x + strength * torch.eye(64).to(x), x.T @ y).view(8, 8)


x, y = torch.randn(40, 8, 8).double(), torch.randn(40).double()
both = ridge(torch.cat([x, x.flip(-2)]), torch.cat([y, y]), 1.0)  # 80 rows: each image and its flip
close(both, ridge((x + x.flip(-2)) / 2, y, 0.5), msg="as if from 40 images, each the mean of itself and its flip")
w, x = ridge(x, y, 1.0), x.flatten(1)
close(x.T @ (y - x @ w.flatten()), w.flatten(), msg="the slopes of both terms cancel")
assert (both - both.flip(-2)).abs().max() < 1e-9 and (w - w.flip(-2)).abs().max() > 0.01, "symmetric with flips alone"

# %% Four classes, two of them the mirror images of the others; which way is up means nothing
SEEDS, ROLLS, DRAWN = 5, (0, 1, 5), "#### #... ###. #... #... #### #..# #..#"  # two signs, four rows each
signs = torch.tensor([[c == "#" for c in row] for row in DRAWN.split()]).float().view(2, 4, 4)
signs = torch.cat([signs, signs.flip(-1)])  # (4, 4, 4)


def moved(images, down, right):  # (M, 10, 10), and how far each of them is rolled
    rows, columns = ((torch.arange(10) - by[:, None]) % 10 for by in (down, right))  # harmless: or up
    return images[torch.arange(len(images))[:, None, None], rows[:, :, None], columns[:, None, :]]


def drawn(*shape):
    y = torch.randint(4, shape)
    x = torch.where((torch.rand(y.numel()) < 0.5)[:, None, None], signs.flip(-2)[y.flatten()], signs[y.flatten()])
    x = moved(F.pad(x, (3, 3, 3, 3)), *torch.randint(-1, 2, (2, len(x))))  # up to one pixel off the middle
    return (x + 0.3 * torch.randn_like(x)).view(*shape, 10, 10), y


class Nets(nn.Module):  # one for each setting and seed, side by side, with the same starts in all settings
    def __init__(self, settings):
        super().__init__()
        self.w = nn.Parameter(torch.randn(SEEDS, 100, 32).repeat(settings, 1, 1, 1) / 10)
        self.v = nn.Parameter(torch.randn(SEEDS, 32, 4).repeat(settings, 1, 1, 1) / 6)  # harmless: another start

    def forward(self, x):  # (..., N, 10, 10) -> (settings, seeds, N, 4)
        return (x.flatten(-2) @ self.w).relu() @ self.v


def trained(images, labels, settings):  # how many images; flip up-down? roll by up to; flip left-right?
    counts, flips, rolls, mirrors = torch.tensor(settings).T[:, :, None, None]
    nets, seed = Nets(len(settings)), torch.arange(SEEDS)[:, None]
    optimizer = torch.optim.Adam(nets.parameters(), lr=0.01)
    for step in range(1, 301):
        draw = torch.rand(4, SEEDS, 32)  # the same in all settings
        index = (draw[0] * counts).long()
        x, y = images[seed, index], labels[seed, index]  # (settings, seeds, 32, 10, 10)
        for wanted, axis in ((flips, -2), (mirrors, -1)):
            x = torch.where((draw[1] * wanted > 0.5)[..., None, None], x.flip(axis), x)
        far = (draw[2:, None] * (2 * rolls + 1)).long() - rolls
        assert [end.item() for end in far.aminmax()] == [-max(ROLLS), max(ROLLS)], "as far as said"
        x = moved(x.flatten(0, 2), *far.flatten(1)).view(x.shape)
        loss = F.cross_entropy(nets(x).flatten(0, 2), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            print(f"step={step} loss={loss.item():.3f}")
    return nets


settings = {f"{n}": (n, 0, 0, 0) for n in (50, 200, 800, 3200)}
settings |= {f"{n} rolled by {k}": (n, 1, k, 0) for n in (50, 200, 3200) for k in ROLLS}  # and flipped up-down
settings |= {f"{n} mirrored": (n, 0, 0, 1) for n in (200, 3200)}
images, labels = drawn(SEEDS, 3200)  # of these the first 50, 200, ... are used
nets = trained(images, labels, [*settings.values()])
test, truth = drawn(1000)  # held out: drawn when all is trained


def scores(views):  # on the test images, by setting, means over the seeds: accuracy and cross entropy
    p = predict(nets, test, views)
    parts = (p.argmax(-1) == truth).float(), -p.log()[..., range(len(test)), truth]
    return [dict(zip(settings, part.mean((1, 2)).tolist(), strict=True)) for part in parts]


held, loss = scores(views[:1])
hits = predict(nets, images, views[:1]).argmax(-1) == labels  # (settings, seeds, 3200)
fitted = {name: hit[:, : settings[name][0]].float().mean() for name, hit in zip(settings, hits, strict=True)}
print(*(f"{name}: training {fitted[name]:.2f}, test {held[name]:.2f}" for name in settings), sep="\n")

# %% The gap, and what the augmentation is worth in images
assert torch.cdist(test.flatten(1), images.view(-1, 100)).min() > 0.5, "no test image was trained on"
assert fitted["200"] > 0.99 and held["200"] < 0.6 and held["200 rolled by 1"] > held["200"] + 0.15, "learnt by heart"
assert fitted["200 rolled by 1"] - held["200 rolled by 1"] < (fitted["200"] - held["200"]) / 2, "a smaller gap"
assert held["200"] + 0.03 < held["50 rolled by 1"] < held["800"] - 0.03, "50 are worth 200 to 800"

# %% When it harms: too far, or across the label
few, many = ([held[f"{n} rolled by {k}"] for k in ROLLS] for n in (50, 3200))
assert few[1] > few[0] + 0.08 and few[2] < few[0], "few images: small rolls help, large ones harm"
assert many[0] > held["3200"] > many[1] > many[2] + 0.1, "many images: the flip still helps, rolls cost"
assert held["200 mirrored"] < held["200"] - 0.05 and held["3200 mirrored"] < 0.6, "left and right are the label"

# %% Test-time augmentation, measured
near = [lambda x, s=s, t=t, v=v: v(x).roll((s, t), (-2, -1)) for v in views for s in (-1, 0, 1) for t in (-1, 0, 1)]
far = [lambda x, s=s, t=t: x.roll((s, t), (-2, -1)) for s in (-3, 0, 3) for t in (-3, 0, 3)]
kinds = {"flip": views, "near": near, "far": far, "mirror": [views[0], lambda x: x.flip(-1)]}  # harmless: or 180°
done = {"none": (held, loss)} | {kind: scores(seen) for kind, seen in kinds.items()}  # harmless: none is printed alone
after, cost = ({kind: parts[which] for kind, parts in done.items()} for which in (0, 1))
for name in ("200", "200 rolled by 1", "3200"):
    print(f"{name}, accuracy (loss):", *(f"{kind} {after[kind][name]:.2f} ({cost[kind][name]:.2f})" for kind in done))
    assert after["flip"][name] > held[name] + 0.005 and cost["flip"][name] < loss[name], "both ways up are in the data"
    assert max(after["far"][name], after["mirror"][name]) < held[name] - 0.05, "views unknown to it, or misleading"
assert after["near"]["200 rolled by 1"] > after["flip"]["200 rolled by 1"] + 0.02, "trained with these views"
assert after["near"]["3200"] < after["flip"]["3200"] - 0.01 and cost["near"]["3200"] > loss["3200"] + 0.1, "without"
a, b = (predict(nets, test, [view]).argmax(-1) for view in views)
agree = dict(zip(settings, (a == b).float().mean((1, 2)).tolist(), strict=True))
print(f"the same answer upside down: {agree['200']:.2f}, trained with flips {agree['200 rolled by 0']:.2f}")
assert (a == truth).float().mean((1, 2)).tolist() == [*held.values()], "the same answers as before"
assert agree["200"] + 0.1 < agree["200 rolled by 0"] < 0.95, "invariance is learnt, and not exact"
