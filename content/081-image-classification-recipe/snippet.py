# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""What an ingredient of a recipe brings depends on the others: measure it added alone, and left out of the whole."""

import copy
import math
import os
from types import SimpleNamespace

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR
from torch.optim.optimizer import register_optimizer_step_pre_hook as watch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny tensors: waiting for other threads costs more than they save
device, close = torch.device(os.environ.get("KB_DEVICE", "cpu")), torch.testing.assert_close


# %% In short
def train(net, batches, augment, smoothing=0.1, spared=2, start=0.01, end=0.0, warm=12, lr=0.1, decay=5e-3, keep=0.95):
    groups = [{"params": [p for p in net.parameters() if p.ndim >= spared], "weight_decay": decay}]
    groups += [{"params": [p for p in net.parameters() if p.ndim < spared], "weight_decay": 0.0}]  # biases, norms
    optimizer = torch.optim.SGD(groups, lr=lr, momentum=0.9, nesterov=True)  # harmless: or plain momentum
    up, down = LinearLR(optimizer, start, 1.0, warm), CosineAnnealingLR(optimizer, len(batches) - warm, end * lr)
    scheduler = SequentialLR(optimizer, [up, down], milestones=[warm])
    ema = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(keep), use_buffers=True)
    for x, y in batches:
        losses = F.cross_entropy(net(augment(x)), y, label_smoothing=smoothing, reduction="none")
        optimizer.zero_grad()
        losses.mean(0).sum().backward()  # (N,) for one net; here (N, R), the losses of R nets side by side
        optimizer.step()
        scheduler.step()
        ema.update_parameters(net)
    return ema.module  # for validation and use, in eval mode; save ema.module.state_dict()


# %% Label smoothing by hand, for class numbers and for targets that were mixed already
def smooth_targets(y, classes, eps):
    # hole: smooth-targets
    if y.ndim == 1:
        y = F.one_hot(y, classes).float()
    return (1 - eps) * y + eps / classes
    # end


hard, soft = torch.tensor([2, 0, 1, 2]), torch.tensor([[0.25, 0.75], [1.0, 0.0]])
trio, one, none = hard[:3], hard[:1], hard[:0]  # harmless: other sizes
close(smooth_targets(one, 4, 0.2), torch.tensor([[0.05, 0.05, 0.85, 0.05]]))  # 0.2 shared by all four
for y, classes in ((hard, 3), (trio, 3), (one, 5), (none, 3), (soft, 2), (soft.double(), 2)):
    for eps in (0.0, 0.1, 1.0):
        kept, logits = y.tolist(), torch.randn(len(y), classes, dtype=y.dtype if y.is_floating_point() else None)
        own = F.cross_entropy(logits, smooth_targets(y, classes, eps), reduction="none")
        close(own, F.cross_entropy(logits, y, label_smoothing=eps, reduction="none"))
        assert smooth_targets(y, classes, eps).dtype == logits.dtype and y.tolist() == kept, "y and dtype kept"


# %% EMA by hand, buffers included
@torch.no_grad()  # harmless: state_dict gives tensors without a history
def ema_update(ema, net, keep):
    for mean, now in zip(ema.state_dict().values(), net.state_dict().values(), strict=True):
        mean.copy_(keep * mean + (1 - keep) * now if mean.is_floating_point() else now)  # else: num_batches_tracked


net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
mine, ready = copy.deepcopy(net), AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.9), use_buffers=True)
for step in range(5):
    nn.init.normal_(net[0].weight)  # stands for an optimizer's step  # harmless: the buffers move, too
    net(torch.randn(8, 3))  # moves BatchNorm's running statistics
    ema_update(mine, net, 0.9 if step else 0.0)  # torch's first update is a copy
    ready.update_parameters(net)
close(dict(mine.state_dict()), dict(ready.module.state_dict() | {"1.num_batches_tracked": torch.tensor(5)}))  # a count

# %% Data and nets: R repetitions side by side in one model, each with images and start of its own
R, K, S, N = 6, 8, 10, 320


def draw(count):  # eight shapes that are their own mirror images, 10x10 pixels, with noise
    labels = torch.randint(K, (count, R))
    center, size = 3 + 3 * torch.rand(2, count, R, 1, 1), 3 + torch.rand(count, R, 1, 1)
    u, v = ((torch.ones(S, S).nonzero().T.view(2, 1, 1, S, S) - center) / size).abs()  # distances from the center
    far, near, t, r = torch.maximum(u, v), torch.minimum(u, v), u + v, (u**2 + v**2).sqrt()  # harmless: smaller
    shapes = [r < 1, (r < 1) & (r > 0.55), far < 0.9, (far < 0.95) & (far > 0.5), t < 1.1]  # harmless: any shapes
    shapes += [(t < 1.2) & (t > 0.6), (near < 0.3) & (far < 1), (abs(u - v) < 0.35) & (far < 1)]  # harmless: too
    chosen = torch.stack(shapes, 2).float()[torch.arange(count)[:, None], torch.arange(R), labels]
    return (chosen + 0.4 * torch.randn(count, R, S, S)).to(device), labels.to(device)  # (count, R, S, S), (count, R)


class Nets(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(1)  # the same start and the same draws for every arm
        self.first, self.norm = nn.Parameter(torch.randn(R, S * S, 32) / S), nn.BatchNorm1d(R * 32)
        self.last = nn.Parameter(torch.randn(R, 32, K) / 32**0.5)  # harmless: another start

    def forward(self, x):  # (N, R, S, S) -> (N, K, R), as F.cross_entropy wants it for targets (N, R)
        hidden = torch.einsum("nri,rih->nrh", x.flatten(2), self.first).flatten(1)
        return torch.einsum("nrh,rhk->nkr", self.norm(hidden).relu().unflatten(1, (R, 32)), self.last)


def moved(x):  # each image by itself: mirrored or not, shifted by up to one pixel
    images = x.flatten(0, 1)
    images = torch.where(torch.rand(len(images), 1, 1, device=device) < 0.5, images.flip(-1), images)
    windows = F.pad(images, (1, 1, 1, 1)).unfold(1, S, 1).unfold(2, S, 1)  # (N * R, 3, 3, S, S)
    top, left = torch.randint(3, (2, len(images)), device=device)
    return windows[torch.arange(len(images), device=device), top, left].view_as(x)


learn, held = draw(N), draw(400)


def score(net, x=held[0], y=held[1]):  # (2, R): points of accuracy, and cross entropy without smoothing
    logits, y = net.eval()(x).detach().cpu(), y.cpu()  # harmless: only figures are read
    return torch.stack([100.0 * (logits.argmax(1) == y), F.cross_entropy(logits, y, reduction="none")]).mean(1)


assert len(torch.cat([learn[0], held[0]]).flatten(0, 1).unique(dim=0)) == R * (N + 400), "no image twice"
batches = [(learn[0][k], learn[1][k]) for _ in range(12) for k in torch.randperm(N).split(32)]  # 120 steps
probe = learn[0][:9].clone().requires_grad_()  # harmless: any images
slope = torch.autograd.grad(Nets().to(device)(probe)[:, 0, 2].sum(), probe)[0].abs().sum((0, 2, 3))  # harmless: mean
ramp = moved(torch.arange(100.0, device=device).view(1, 1, S, S).expand(999, 1, S, S))[..., 5, 5]  # harmless: inner
assert slope[2] > 0 and slope.sum() == slope[2] and len(ramp.unique()) == 12, "own images alone; both ways round"

# %% The ablation: each ingredient added alone, and left out of the whole
on = {"augment": moved, "smoothing": 0.1, "start": 0.01, "end": 0.0, "spared": 2}
off = {"augment": lambda x: x, "smoothing": 0.0, "start": 1.0, "end": 1.0, "spared": 0}
parts = {"augmentation": ["augment"], "smoothing": ["smoothing"], "schedule": ["start", "end"], "no decay": ["spared"]}


def run(options, **more):
    return SimpleNamespace(net=(net := Nets().to(device)), ema=train(net, batches, **options, **more))


seen = []  # what the optimizer really uses in each step: rate, decay, number of tensors of each group
watch(lambda one, *_: seen.append([(g["lr"], g["weight_decay"], len(g["params"])) for g in one.param_groups]))
full, nothing = run(on), run(off)  # of four tensors BatchNorm's scale and bias are spared
curve = [0.001 + 0.099 * t / 12 for t in range(12)] + [0.05 + 0.05 * math.cos(math.pi * t / 108) for t in range(108)]
close(seen, [[(rate, 5e-3, 2), (rate, 0.0, 2)] for rate in curve] + [[(0.1, 5e-3, 4), (0.1, 0.0, 0)]] * 120)
base, best = score(nothing.net), score(full.ema)
rows = {"nothing": [base], "everything": [best], "EMA": [score(nothing.ema) - base, best - score(full.net)]}
rows |= {"nothing (training)": [score(nothing.net, *learn)], "everything (training)": [score(full.ema, *learn)]}
for arm, p in parts.items():
    rows[arm] = [score(run(off | {n: on[n] for n in p}).net) - base, best - score(run(on | {n: off[n] for n in p}).ema)]
still, falls = (run(on | change, lr=0.8) for change in ({"start": 1.0, "end": 1.0}, {}))
falling = rows["schedule at 0.8"] = [score(falls.net) - score(still.net), score(falls.ema) - score(still.ema)]
average = rows["EMA at 0.8"] = [score(still.ema) - score(still.net), score(falls.ema) - score(falls.net)]
close(falling[0] + average[1], average[0] + falling[1], msg="both ways lead from none of the two to both")
for part, pair in rows.items():  # harmless: it prints
    told = (f"{d[0].mean():+.1f} ± {d[0].std():.1f}, loss {d[1].mean():+.2f} ± {d[1].std():.2f}" for d in pair)
    print(f"{part}:", "; with all others ".join(told))
points, loss = ({part: [d[k].mean().item() for d in pair] for part, pair in rows.items()} for k in (0, 1))
assert points["nothing (training)"][0] > 98 > 65 > points["nothing"][0] and points["everything (training)"][0] < 85
assert min(points["augmentation"]) > 5 and max(loss["augmentation"]) < -0.1, "it helps everywhere"
for part, sign in (("smoothing", 1), ("schedule", 1), ("no decay", -1)):
    assert sign * loss[part][0] < -0.05 and sign * loss[part][1] > 0.01, "alone and on top: opposite effects"
assert loss["EMA"][0] < -0.04 and abs(loss["EMA"][1]) < 0.04 > abs(points["EMA at 0.8"][1]) / 100, "nothing on top"
assert points["schedule"][1] < -1.5 < 3 < points["schedule at 0.8"][1], "the rate decides"
assert points["schedule at 0.8"][0] > points["schedule at 0.8"][1] + 2 and points["EMA at 0.8"][0] > 3, "they overlap"
slow = score(run(on, keep=0.999).ema)[0].mean().item()
added, joint = sum(loss[part][0] for part in (*parts, "EMA")), (best - base)[1].mean().item()
print(f"loss: effects alone add up to {added:+.2f}, all together give {joint:+.2f}")
assert added + 0.2 < joint < -0.3 and 10 < slow < best[0].mean() - 15, "effects do not add up; 0.999 is too slow"

# %% BatchNorm's buffers beside averaged weights, and an EMA that is too slow
kinds = {"forgotten": Nets().to(device), "latest": nothing.net, "averaged": nothing.ema, "computed anew": nothing.ema}
for kind, source in kinds.items():
    kinds[kind] = copy.deepcopy(nothing.ema)  # the EMA of the run at a constant rate
    kinds[kind].norm.load_state_dict(nothing.ema.norm.state_dict() | dict(source.norm.named_buffers()))
update_bn([x for x, _ in batches[:10]], kinds["computed anew"])  # one pass over the training images  # harmless: or all
told = {kind: score(net).mean(1) for kind, net in kinds.items()}
print("buffers:", "; ".join(f"{kind} {points:.1f}% right, loss {loss:.2f}" for kind, (points, loss) in told.items()))
bad, *others = [value[1].item() for value in told.values()]
assert bad > 2 * max(others) and 0 < max(others) - min(others) < 0.2 and len({*others}) == 3, "forgotten: ruined"
print(f"EMA with 0.999 after 120 steps: {slow:.1f}% right; it keeps {0.999**119:.0%} of its first weights")
