# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Adversarial training fits the weights to the worst image within eps, at the price of some clean accuracy."""

import os
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny tensors: a second thread costs more than it saves
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
K, S, EPS = 4, 8, 0.17  # classes, side of an image, how far the attacker may move each pixel


# %% In short: the inner problem raises the loss within eps of the image and within [0, 1], the outer one lowers it
def attack(net, images, labels, steps, size, eps=EPS, start=1.0):
    worst = images + start * eps * (2 * torch.rand_like(images) - 1)
    for _ in range(steps):
        worst = worst.detach().requires_grad_()
        (grad,) = torch.autograd.grad(F.cross_entropy(net(worst), labels), worst)  # no weight gets a .grad
        worst = worst + size * grad.sign()
        worst = worst.clamp(images - eps, images + eps).clamp(0, 1)
    return worst.detach()


def robust_loss(net, attacker, images, labels):
    # hole: min-max-step
    worst = attacker(net, images, labels)
    loss = F.cross_entropy(net(worst), labels)
    # end
    return loss


# %% Images with two clues: a bright quadrant (strong, wrong in 15%) and a faint texture (weak, never wrong)
side = torch.arange(S, device=device)
fine, wide, flat = (-1.0) ** side, (-1.0) ** (side // 2), torch.ones(S, device=device)  # harmless: four textures
texture = 0.08 * torch.stack([fine.outer(flat), flat.outer(fine), fine.outer(fine), wide.outer(flat)])  # (K, S, S)


def draw(n):
    labels, other = torch.randint(K, (n,), device=device), torch.randint(1, K, (n,), device=device)
    shown = torch.where(torch.rand(n, device=device) < 0.15, (labels + other) % K, labels)  # the bright quadrant
    images = torch.full((n, 2, S // 2, 2, S // 2), 0.3, device=device)
    images[torch.arange(n, device=device), shown // 2, :, shown % 2, :] += 0.4
    images = images.reshape(n, S, S) + texture[labels] + 0.05 * torch.randn(n, S, S, device=device)
    return images.clamp(0, 1).flatten(1), labels, shown  # harmless: (n, 64), (n,), (n,); few pixels need it


train_images, train_labels, _ = draw(1000)
test_images, test_labels, test_shown = draw(300)
means = test_images.view(-1, 2, S // 2, 2, S // 2).mean((2, 4)).flatten(1)  # harmless: (300, K), by quadrant
lead = means.topk(2).values.diff().abs()  # (300, 1), brightest over second: the attacker can take 2 * EPS of it
assert means.max() <= 1 and (lead > 2 * EPS).float().mean() > 0.98, (
    "no attack within EPS hides the quadrant: a robust answer exists"
)


# %% Four attackers
clean = partial(attack, steps=0, size=0.0, start=0.0)  # the images themselves
fgsm = partial(attack, steps=1, size=EPS, start=0.0)  # one step as long as eps
pgd = partial(attack, steps=7, size=EPS / 4)  # small steps from a random start
strong = partial(attack, steps=40, size=EPS / 8)  # harmless: never used in training; longer steps find much the same


# %% Train on what the attacker returns; judge by the strongest attack
def accuracy(net, attacker, starts=1):  # an image counts as right if the attack fails from every start
    images, labels = test_images.repeat(starts, 1), test_labels.repeat(starts)
    right = net(attacker(net, images, labels)).argmax(1) == labels
    return right.view(starts, -1).all(0).float().mean().item()


def train(attacker, steps):
    net = nn.Sequential(nn.Linear(S * S, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU())  # harmless: one is enough
    net.append(nn.Linear(128, K))
    optimizer = torch.optim.Adam(net.to(device).parameters(), lr=0.002)
    history = []  # accuracy under the strong attack
    for step in range(1, steps + 1):
        pick = torch.randint(len(train_images), (128,), device=device)
        images, labels = train_images[pick], train_labels[pick]  # (128, 64), (128,)
        optimizer.zero_grad()
        loss = robust_loss(net, attacker, images, labels)
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            history.append(accuracy(net, strong))
            print(f"step={step} loss={loss.item():.4f} own={accuracy(net, attacker):.3f} strong={history[-1]:.3f}")
    return net, history


# %% PGD against FGSM in the loop at equal cost: 200 steps of 7 + 1 passes, 800 steps of 1 + 1
nets, histories, scores = {}, {}, {}


def corner(images):  # a net without weights: the first pixels are the logits
    assert images.is_leaf, "each step of an attack begins a graph of its own"
    return images[:, :K]


value = robust_loss(corner, lambda net, moved, labels: 1 - moved, test_images, test_labels)
torch.testing.assert_close(value, F.cross_entropy(1 - test_images[:, :K], test_labels))  # at what came back, no more
for name, attacker, steps in (("plain", clean, 200), ("PGD", pgd, 200), ("FGSM", fgsm, 800)):
    nets[name], histories[name] = train(attacker, steps)
    scores[name] = accuracy(nets[name], clean), accuracy(nets[name], attacker), accuracy(nets[name], strong, 4)
    print("trained on {}: clean {:.3f}, own attack {:.3f}, strong attack {:.3f}".format(name, *scores[name]))
(plain_clean, _, plain_strong), (pgd_clean, _, pgd_strong), (_, fgsm_own, fgsm_strong) = scores.values()
assert plain_clean > 0.9 and plain_strong < 0.1, "the plain net is accurate, and it has no robustness at all"
assert pgd_strong > 0.6, "the PGD-trained net holds against an attack stronger than the one it was trained on"
assert 0.03 < plain_clean - pgd_clean < 0.3, "robustness has a price on clean images, and a moderate one"
assert fgsm_own > 0.6 and fgsm_strong < 0.5, "the FGSM-trained net resists FGSM, and many small steps fool it"
assert max(histories["FGSM"]) - histories["FGSM"][-1] > 0.15, "it was more robust earlier: catastrophic overfitting"
assert fgsm_strong <= 0.8 * histories["FGSM"][-1], "four starts break what one breaks, and more"

# %% Is the test sound? Legal images, untouched weights, a harder search than in training, no miracles
net = nets["PGD"]
net.zero_grad()
easy, hard = pgd(net, test_images, test_labels), strong(net, test_images, test_labels)  # (300, 64) each
assert torch.equal(clean(net, test_images, test_labels), test_images), "clean accuracy is that of the images as drawn"
assert all(weight.grad is None for weight in net.parameters()), "the attack leaves no gradient in the weights"
assert (hard - test_images).abs().max() <= EPS + 1e-6 and hard.min() >= 0 and hard.max() <= 1, "within EPS and [0, 1]"
easy_loss, hard_loss = (F.cross_entropy(net(moved), test_labels).item() for moved in (easy, hard))
assert hard_loss > 1.03 * easy_loss, "the attack of the test is stronger than the one of the training"
assert accuracy(net, partial(attack, steps=40, size=0.06, eps=0.5)) < 0.05, "whoever may paint all images grey wins"
begun = attack(corner, test_images, test_labels, steps=0, size=0.0) - test_images  # harmless: labels play no part
assert begun.abs().max() < EPS + 1e-6 and abs(begun.mean()) < 0.01 and begun.std() > EPS / 2, "anywhere within EPS"
assert not strong(corner, test_images, test_labels).requires_grad, "what comes back has no graph"

# %% Where the clean accuracy went: images whose two clues disagree
lied = test_labels != test_shown
assert 0.05 < lied.float().mean() < 0.3, "about 15% of the images"
says = {name: net(test_images[lied]).argmax(1) for name, net in nets.items()}
assert (says["plain"] == test_labels[lied]).float().mean() > 0.6, "the plain net goes by the texture"
assert (says["PGD"] == test_shown[lied]).float().mean() > 0.9, "the robust net goes by the quadrant"


# %% Why one long step can miss: the weak spot lies inside the ball
def bent(x):  # (n, 1) -> (n, 2) logits; class 0 wins except for 0.52 < x < 0.62
    return torch.cat(((x - 0.57).abs() - 0.05, torch.zeros_like(x)), 1)


x, zeros = torch.full((100, 1), 0.5, device=device), torch.zeros(100, dtype=torch.long, device=device)
assert (bent(fgsm(bent, x, zeros)).argmax(1) == 0).all(), "one step of EPS jumps over the dip"
assert (bent(pgd(bent, x, zeros)).argmax(1) == 1).all(), "small steps end in it"
