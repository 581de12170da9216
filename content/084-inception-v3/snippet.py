# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Inception v3 splits large kernels into small and asymmetric ones, and trains with a second head that it drops."""

import os
from collections import namedtuple
from itertools import accumulate

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny tensors: more threads would only wait for one another
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
torch.set_default_device(device)  # harmless: it is the CPU anyway, unless KB_DEVICE says otherwise
close = torch.testing.assert_close
InceptionOutputs = namedtuple("InceptionOutputs", ["logits", "aux_logits"])  # as torchvision names them


# %% In short
def conv(inputs, outputs, size, stride=1, padding="same"):  # each convolution here; stride=2 needs padding=0
    layer = nn.Conv2d(inputs, outputs, size, stride, padding, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs, eps=1e-3), nn.ReLU())


class TwoHeads(nn.Module):
    def __init__(self, trunk, rest, aux, fc):
        super().__init__()
        self.trunk, self.rest, self.aux, self.fc = trunk, rest, aux, fc

    def forward(self, x):
        x = self.trunk(x)
        logits = self.fc(self.rest(x).mean((2, 3)))  # harmless: shapes, counts and gradients alone are checked
        return InceptionOutputs(logits, self.aux(x)) if self.training and self.aux is not None else logits


window = nn.Sequential(conv(8, 16, (1, 7)), conv(16, 32, (7, 1)))  # in place of conv(8, 32, 7)
head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))
net = TwoHeads(conv(3, 8, 3), window, head, nn.Linear(32, 4))
images, labels, optimizer = torch.randn(6, 3, 9, 12), torch.arange(6) % 4, torch.optim.SGD(net.parameters(), 0.1)
before = [parameter.detach().clone() for parameter in net.parameters()]  # harmless: only compared
net.train()
out = net(images)  # in training a pair: out.logits and out.aux_logits, each (N, classes)
main, aux = (F.cross_entropy(logits, labels, label_smoothing=0.1) for logits in out)
loss = main + 0.4 * aux
optimizer.zero_grad()  # harmless: the first step finds none
loss.backward()
optimizer.step()

net.eval()
with torch.no_grad():
    logits = net(images)  # in evaluation the logits alone, (N, classes): the auxiliary head is not run
guess = logits.argmax(1)
assert torch.equal(logits[range(6), guess], logits.amax(1)) and not any(map(torch.equal, before, net.parameters()))
close(loss, sum(w * F.cross_entropy(z, labels, label_smoothing=0.1) for w, z in zip((1, 0.4), out, strict=True)))


# %% The auxiliary loss, and whom it teaches
def auxiliary_loss(out, labels, weight):
    # hole: auxiliary-loss
    if isinstance(out, torch.Tensor):  # evaluation mode, or a net without the head
        return F.cross_entropy(out, labels)
    main, aux = (F.cross_entropy(logits, labels) for logits in out)
    return main + weight * aux
    # end


two, other = (torch.tensor(z, requires_grad=True) for z in ([[2.0, 0, 1], [0, 0, 3]], [[-1.0, 1, 0], [4, 0, 0]]))
for y, weight in ((torch.tensor([0, 2]), 0.4), (torch.tensor([1, 0]), 1.0), (torch.tensor([1, 1]), 0.0)):
    first, second = (-logits.log_softmax(1)[[0, 1], y].mean() for logits in (two, other))
    pair, alone = (auxiliary_loss(out, y, weight) for out in (InceptionOutputs(two, other), two))  # two rows: no pair
    for both in (pair, first + weight * second), (alone, first):
        close(*both)
        close(*(torch.autograd.grad(one, (two, other), retain_graph=True, materialize_grads=True) for one in both))
    close(auxiliary_loss(1e3 * two[:1].double(), y[:1], weight), -(1e3 * two[:1].double()).log_softmax(1)[0, y[0]])
for at, parts in enumerate(({"trunk", "rest", "fc"}, {"trunk", "aux"})):
    net.train().zero_grad()
    F.cross_entropy(net(images)[at], labels).backward()
    assert {name.split(".")[0] for name, weight in net.named_parameters() if weight.grad is not None} == parts
logits, net.aux = net.eval()(images), None  # the head has done its work
assert (net.trunk(images) >= 0).all() and torch.equal(net(images), logits) and torch.is_tensor(net.train()(images))


# %% Two small kernels or one large: what is seen, and how many weights it takes for a pair of channels
def factorised(x, row, column):
    # hole: factorised-conv
    x = F.conv2d(x, row, padding="same").relu()  # (N, C, H, W) -> (N, M, H, W)
    return F.conv2d(x, column, padding="same").relu()  # (N, M, H, W) -> (N, O, H, W)
    # end


x, row = torch.tensor([[[[1.0, 0, -2], [0, 3, 0]]]]), torch.tensor([[[[1.0, 2, 0]]]])  # 2 1 0, not -4; 0 6 3
close(factorised(x, row, torch.tensor([[[[0.0], [1], [-1]]]])), torch.tensor([[[[2.0, 0, 0], [0, 6, 3]]]]))
for n, height, width, c, m, o in (7, 9, 12, 3, 4, 5), (3, 1, 8, 2, 2, 2), (1, 4, 3, 1, 6, 2), (5, 2, 3, 4, 1, 3):
    x, row, column = (torch.rand(shape).double() for shape in ((2, c, height, width), (m, c, 1, n), (o, m, n, 1)))
    whole = torch.einsum("omy,mcx->ocyx", column[..., 0], row[:, :, 0])  # above zero ReLU does nothing: one kernel
    close(factorised(-x, -row, column), F.conv2d(x, whole, padding=n // 2), msg="equal, borders included")
    assert not factorised(x, row, -column).any() and not factorised(x, -row, -column).any()

tests = (5, 25, "5x5"), (5, 18, "3x3 3x3"), (7, 49, "7x7"), (7, 14, "1x7 7x1"), (3, 9, "3x3"), (3, 6, "1x3 3x1")
for side, weights, kernels in tests:
    sizes = [tuple(map(int, kernel.split("x"))) for kernel in kernels.split()]
    layers = nn.Sequential(*(nn.Conv2d(1, 1, k, padding="same", bias=False) for k in sizes))  # harmless: any place
    slope = torch.func.grad(lambda x, layers=layers: layers(x)[0, 0, 7, 7])(torch.randn(1, 1, 15, 15))[0, 0]
    assert slope.count_nonzero() == side**2 and slope.any(0).sum() == slope.any(1).sum() == side
    assert sum(weight.numel() for weight in layers.parameters()) == weights
    print(f"{kernels} sees {side}x{side} with {weights} weights")


# %% The whole net as data: a tuple holds a convolution's outputs, kernel, stride and padding, a list holds branches
class Branches(nn.ModuleList):
    def forward(self, x):
        return torch.cat([branch(x) for branch in self], dim=1)


def build(plan, inputs):
    layers = []
    for step in plan:
        if isinstance(step, list):
            branches, widths = zip(*(build(branch, inputs) for branch in step), strict=True)
            layers.append(Branches(branches))
        else:
            layers.append(conv(inputs, *step) if isinstance(step, tuple) else step)
        inputs = sum(widths) if isinstance(step, list) else step[0] if isinstance(step, tuple) else inputs
    return nn.Sequential(*layers), inputs


def inception_v3(split=True):  # split=False: whole 7x7 kernels in place of 1x7 and 7x1
    largest, mean, thin = nn.MaxPool2d(3, 2), nn.AvgPool2d(3, 1, padding=1), [[(384, (1, 3))], [(384, (3, 1))]]
    trunk = [(32, 3, 2, 0), (32, 3, 1, 0), (64, 3), largest, (80, 1), (192, 3, 1, 0), largest]
    trunk += [[[(64, 1)], [(48, 1), (64, 5)], [(64, 1), (96, 3), (96, 3)], [mean, (pool, 1)]] for pool in (32, 64, 64)]
    trunk.append([[(384, 3, 2, 0)], [(64, 1), (96, 3), (96, 3, 2, 0)], [largest]])  # to 17 x 17
    for c in (128, 160, 160, 192):  # on 17 x 17
        flat, tall = ([(c, (1, 7)), (192, (7, 1))], [(c, (7, 1)), (c, (1, 7)), (c, (7, 1)), (192, (1, 7))])
        flat, tall = (flat, tall) if split else ([(192, 7)], [(c, 7), (192, 7)])
        trunk.append([[(192, 1)], [(c, 1), *flat], [(c, 1), *tall], [mean, (192, 1)]])
    rest = [[[(192, 1), (320, 3, 2, 0)], [(192, 1), *flat, (192, 3, 2, 0)], [largest]]]  # to 8 x 8
    rest += 2 * [[[(320, 1)], [(384, 1), thin], [(448, 1), (384, 3), thin], [mean, (192, 1)]]]  # on 8 x 8
    with torch.device("meta"):  # shapes without numbers: nothing is computed
        aux, _ = build([nn.AvgPool2d(5, 3), (128, 1), (768, 5, 1, 0), *head[:2], nn.Linear(768, 1000)], 768)
        return TwoHeads(build(trunk, 3)[0], build(rest, 768)[0], aux, nn.Linear(2048, 1000))


image = torch.empty(2, 3, 299, 299, device="meta")
for split, known in ((False, (40_962_608, 9.70)), (True, (27_161_264, 5.71))):
    net = inception_v3(split).eval()
    counts = [sum(parameter.numel() for parameter in part.parameters()) for part in (net, net.aux)]
    for block in [*net.trunk.modules(), *net.rest.modules()]:
        if isinstance(block, nn.Sequential) and isinstance(block[-1], nn.ReLU):  # harmless: it saves time, no more
            del block[1:]  # counted; BatchNorm and ReLU change no shape, and would take most of the time
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(image)
    billions = counter.get_total_flops() / 2 / 2 / 1e9  # two images, and two operations to a multiply-add
    print(f"7x7 {'split' if split else 'whole'}: {counts[0]:,} parameters, {billions:.2f} billion multiply-adds")
    assert (counts[0], round(billions, 2)) == known and counts[1] == 3_326_696
maps = [tuple(x.shape[1:]) for x in accumulate([image, *net.trunk, *net.rest], lambda x, part: part(x))]
print("from 3x299x299:", *("x".join(map(str, sizes)) for sizes in dict.fromkeys(maps[6:])))
assert maps[6:10] == [(192, 71, 71), (192, 35, 35), (256, 35, 35), (288, 35, 35)] and maps[10] == maps[9]
assert maps[11:] == [*5 * [(768, 17, 17)], (1280, 8, 8), *2 * [(2048, 8, 8)]]


# %% The least image: 75 for the net, 299 for its auxiliary head
def refusal(side, training, count=2):
    try:
        net.train(training)(torch.empty(count, 3, side, side, device="meta"))
    except (RuntimeError, ValueError) as error:
        return str(error)


for side, training, size, kernel in (32, False, 1, 3), (74, False, 2, 3), (224, True, 3, 5), (298, True, 4, 5):
    assert f"per channel: ({size} x {size}). Kernel size: ({kernel} x {kernel})" in refusal(side, training)
assert refusal(75, False) is refusal(224, False) is refusal(299, True) is None
assert "more than 1 value per channel when training, got input size torch.Size([1, 768" in refusal(299, True, count=1)
