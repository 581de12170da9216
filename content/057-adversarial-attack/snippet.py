# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""FGSM and PGD move the image along the sign of its own gradient, within eps; the weights only pass it on."""

import copy
import os

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(4)
torch.set_num_threads(1)  # tiny tensors: a second thread costs more than it saves
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))


# %% In short: model.eval() first; images x (N, C, H, W) in [0, 1], classes y (N,)
def pgd(model, x, y, eps, step, steps=10, targeted=False, start=1.0):
    x, sign = x.detach(), -1 if targeted else 1  # targeted: y holds the wanted classes, whose loss is to fall
    moved = (x + start * eps * (2 * torch.rand_like(x) - 1)).clamp(0, 1)  # a random start
    for _ in range(steps):
        moved.requires_grad_()
        (gradient,) = torch.autograd.grad(F.cross_entropy(model(moved), y), moved)  # no weight gets a .grad
        moved = (moved.detach() + sign * step * gradient.sign()).clamp(x - eps, x + eps).clamp(0, 1)
    return moved


def fgsm(model, x, y, eps):
    # hole: fgsm-step
    x = x.detach().requires_grad_()  # a leaf of its own: the caller's x stays as it is
    loss = F.cross_entropy(model(x), y)
    (gradient,) = torch.autograd.grad(loss, x)  # as large as x
    return (x + eps * gradient.sign()).clamp(0, 1).detach()
    # end


def project(moved, x, eps):  # the nearest point within eps of x, pixel by pixel, and within [0, 1]
    # hole: project
    return moved.clamp(x - eps, x + eps).clamp(0, 1)
    # end


# %% Both by hand
x = torch.tensor([[0.0, 1.0, 0.5, 0.5], [0.0, 1.0, 0.05, 0.95]], device=device)
linear = nn.utils.skip_init(nn.Linear, 4, 3, bias=False, device=device)  # in training mode  # harmless: with a bias too
linear.weight.data = x.new_tensor([[0, -1, 0, 0], [-1, 2, 0, 0], [0, 1, 1, 0]])
linear.weight.grad = torch.full_like(linear.weight, 7)  # somebody's, to be left alone
twice, classes = x[:1].repeat(2, 1), torch.tensor([0, 1], device=device)  # linear(x) is largest for class 1
moved = fgsm(linear, twice, classes, 0.1)  # the last pixel has no slope and stays
torch.testing.assert_close(moved, x.new_tensor([[0, 1, 0.6, 0.5], [0.1, 0.9, 0.6, 0.5]]))
assert linear.training and (linear.weight.grad == 7).all() and not twice.requires_grad and torch.equal(twice, x[[0, 0]])
far = x.new_tensor([[-0.3, 1.3, 0.9, 0.45], [0.3, 0.7, -0.4, 1.2]])
torch.testing.assert_close(project(far, x, 0.1), x.new_tensor([[0, 1, 0.6, 0.45], [0.1, 0.9, 0, 1]]))
assert torch.equal(project(far, x, 0.0), x) and project(far[0], x[0], 0.1).shape == (4,) and far.max() > 1.2

# %% Drawn digits in [0, 1]; two nets that never see the last 200
FONT = "75557 26227 71747 71717 55711 74717 74757 71111 75757 75717".split()  # 5 rows of 3 bits
glyphs = torch.tensor([[int(row) >> bit & 1 for row in rows for bit in (2, 1, 0)] for rows in FONT]).view(10, 5, 3)
glyphs = glyphs.repeat_interleave(2, 1).repeat_interleave(2, 2)  # (10, 10, 6)
labels, images = torch.randint(10, (1200,)), 0.25 + 0.08 * torch.randn(1200, 1, 14, 12)
for image, label, (top, left) in zip(images, labels, torch.randint(1, 4, (1200, 2)), strict=True):
    image[0, top:, left:][:10, :6] += 0.5 * glyphs[label]  # harmless: a fixed place would do
images, labels = images.clamp(0, 1).to(device), labels.to(device)
x, y, seen = images[1000:], labels[1000:], set()


def fit():
    net = nn.Sequential(  # harmless: any such net will do
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Flatten(), nn.Dropout(0.2), nn.Linear(16 * 7 * 6, 10)).to(device)  # fmt: skip
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(5):
        for ids in torch.randperm(1000).split(50):
            seen.update(ids.tolist())
            optimizer.zero_grad()
            F.cross_entropy(net(images[ids]), labels[ids]).backward()
            optimizer.step()
    net.zero_grad()
    return net.eval()


def judge(model, images):  # accuracy and mean loss
    logits = model(images)
    return (logits.argmax(1) == y).float().mean().item(), F.cross_entropy(logits, y).item()


net, other = fit(), fit()
before = {name: value.tolist() for name, value in net.state_dict().items()}
assert len(torch.cat([images[list(seen)], x]).unique(dim=0)) == 1200 == len(seen) + len(y), "no test image was seen"

# %% The same eps: noise, one step, ten steps
EPS, STEP = 0.1, 0.025
noise, *more = [(x + EPS * torch.randn_like(x).sign()).clamp(0, 1) for _ in range(10)]
attacked = {"clean": x, "noise": noise, "FGSM": fgsm(net, x, y, EPS), "PGD": pgd(net, x, y, EPS, STEP)}
scores = {name: judge(net, moved) for name, moved in attacked.items()}
for name, (accuracy, loss) in scores.items():
    print(f"{name:<5} accuracy {accuracy:.3f}, loss {loss:.2f}")
all_ten = torch.stack([net(moved).argmax(1) == y for moved in (noise, *more)]).all(0).float().mean()
print(f"right under each of 10 draws of noise: {all_ten:.3f}")
assert min(scores["clean"][0], scores["noise"][0]) > 0.85 and 0.6 < all_ten < scores["noise"][0], "noise does little"
assert scores["FGSM"][0] < 0.4 and scores["PGD"][0] < 0.1 and scores["PGD"][0] <= scores["FGSM"][0]
assert scores["PGD"][1] > 1.2 * scores["FGSM"][1] > scores["noise"][1], "more steps find more loss"
single = pgd(net, x, y, EPS, EPS, steps=1, start=0)
assert (single - attacked["FGSM"]).abs().lt(1e-6).float().mean() > 0.99, "one step of eps from x itself is FGSM"
assert judge(net, (255 * attacked["PGD"]).round() / 255)[0] < 0.1, "it survives being saved as 8 bits"

# %% Within eps and [0, 1], and no weight has moved
attacked["start"] = pgd(net, x, y, EPS, EPS, steps=0)
for moved in attacked.values():
    distance = torch.linalg.vector_norm(moved.double() - x.double(), torch.inf)
    assert distance <= EPS + 1e-7 and torch.allclose(project(moved, x, EPS), moved, 0, 1e-6) and not moved.requires_grad
assert (attacked["PGD"] - x).abs().max() > EPS, "float32 rounds x + eps: compare with a little room"
begun = attacked["start"] - x
assert begun.abs().max() > 0.99 * EPS and begun.mean().abs() < 0.01 and 0.5 < begun.std() / EPS < 0.65, "anywhere"
assert before == {name: value.tolist() for name, value in net.state_dict().items()}, "weights and buffers: as before"
assert all(weight.grad is None for weight in net.parameters()), "autograd.grad leaves no gradient in the weights"
F.cross_entropy(net(x), y).backward()
assert all(weight.grad is not None for weight in net.parameters()), "backward() does"

# %% Why the sign: to first order the loss rises by the sum of gradient * move, at most eps * sum(|gradient|)
gradient = torch.func.grad(lambda x: F.cross_entropy(net(x), y))(x)  # (200, 1, 14, 12)
scaled = F.normalize(gradient.flatten(1), p=torch.inf).view_as(x)  # the largest of each image is 1
for eps in (0.001, EPS):
    ways = {"sign": gradient.sign(), "gradient": scaled, "random": torch.randn_like(x).sign()}  # harmless: any noise
    rise = {name: judge(net, x + eps * way)[1] - scores["clean"][1] for name, way in ways.items()}
    predicted = eps * gradient.abs().sum().item()
    print(f"eps {eps}: predicted {predicted:.4f}; " + ", ".join(f"{name} {each:.4f}" for name, each in rise.items()))
    assert rise["sign"] > max(1.5 * rise["gradient"], 5 * abs(rise["random"])) and scaled.abs().max() > 0.99
    assert 0.9 < rise["sign"] / predicted < 1.15 if eps < EPS else rise["sign"] > 3 * predicted

# %% Targeted: the loss of the wanted class falls
leaf, wanted = x.clone().requires_grad_(), (y + torch.randint(1, 10, y.shape, device=device)) % 10
aimed = pgd(net, leaf, wanted, EPS, STEP, targeted=True)
hits = [(net(moved).argmax(1) == wanted).float().mean().item() for moved in (aimed, attacked["PGD"])]
print(f"wanted class reached: {hits[0]:.3f} targeted, {hits[1]:.3f} untargeted")
assert hits[0] > 0.6 and hits[1] < 0.3 and leaf.requires_grad and not aimed.requires_grad and not x.requires_grad

# %% Attacking in train mode: which layers spoil it?
for name, kinds in {"none": (), "dropout": nn.Dropout, "BatchNorm": nn.BatchNorm2d, "all": nn.Module}.items():
    model = copy.deepcopy(net)
    for module in model.modules():
        module.train(isinstance(module, kinds))
    accuracy, loss = judge(net, pgd(model, x, y, EPS, STEP))
    print(f"in train mode: {name:<9} accuracy {accuracy:.3f}, loss {loss:.2f}")
    passes = 10 if kinds in (nn.BatchNorm2d, nn.Module) else 0
    assert model[1].num_batches_tracked - net[1].num_batches_tracked == passes, "each step moves the statistics"
    assert loss < 0.93 * scores["PGD"][1] if passes else accuracy < 0.1, "BatchNorm weakens the attack, dropout hardly"


# %% A loss without a slope hides the way, and protects nothing
def sharp(x):  # 1000 times net's logits, so the same answers
    return 1000 * net(x)


def tamed(x):
    return sharp(x) / sharp(x).std(1, keepdim=True)


still = (fgsm(sharp, x, y, EPS) == x)[net(x).argmax(1) == y]  # (right ones, 1, 14, 12)
assert still.float().mean() > 0.97, "in float32 softmax is exactly 1 and 0, its slope 0"
masked = [judge(sharp, pgd(model, x, y, EPS, STEP))[0] for model in (sharp, tamed)]
print(f"logits times 1000: {masked[0]:.3f} right under PGD; tamed for the attack: {masked[1]:.3f}")
assert masked[0] > 0.9 and masked[1] < 0.2 and (tamed(x).std(1) - 1).abs().max() < 1e-3

# %% Transfer: made with one net, shown to the other
crossed = [judge(other, attacked["PGD"]), judge(net, pgd(other, x, y, EPS, STEP))]
shaken = [judge(model, attacked["noise"]) for model in (other, net)]
(accuracy, loss), (noise_accuracy, noise_loss) = (torch.tensor(each).mean(0) for each in (crossed, shaken))
print(f"made with the other net: accuracy {crossed[0][0]:.3f} and {crossed[1][0]:.3f}; noise {noise_accuracy:.3f}")
assert scores["PGD"][0] + 0.2 < accuracy < noise_accuracy - 0.02 < 1 and loss > 1.4 * noise_loss

back = [pgd(net, each, y, 0, STEP) == each for each in (x, (x - x.mean()) / x.std())]  # harmless: any out of [0, 1]
assert back[0].all() and back[1].float().mean() < 0.5, "eps 0 gives the images back, but not normalised ones"
