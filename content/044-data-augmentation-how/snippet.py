# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Augment sample by sample in the training set alone, move the labels along, and let seed, epoch and index decide."""

import os

import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))


# %% In short
def augment(image: torch.Tensor, generator: torch.Generator) -> torch.Tensor:  # (C, H, W), values from 0 to 1
    if torch.rand((), generator=generator) < 0.5:
        image = image.flip(-1)  # left and right; leave it out where that changes the label
    height, width = image.shape[1:]
    top, left = torch.randint(0, 5, (2,), generator=generator).tolist()
    image = F.pad(image, (2, 2, 2, 2))[:, top : top + height, left : left + width]  # shifted by up to 2
    return (image * (0.8 + 0.4 * torch.rand((), generator=generator))).clamp(0, 1)  # brightness


class Augmented(Dataset):
    def __init__(self, images: torch.Tensor, labels: torch.Tensor, seed: int = 0) -> None:
        self.images, self.labels, self.seed = images, labels, seed
        self.epoch = torch.zeros((), dtype=torch.long).share_memory_()  # workers that live on see it change

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        generator = torch.Generator().manual_seed(hash((self.seed, int(self.epoch), index)))  # a draw for each sample
        return augment(self.images[index], generator), self.labels[index]


images, labels = torch.rand(24, 3, 8, 10), torch.arange(24)
dataset = Augmented(images, labels)

dot = F.pad(torch.ones(1, 1, 1), (4, 6, 4, 4))  # (1, 9, 11), one bright pixel in row 4, column 4
views = torch.stack([augment(dot, torch.Generator().manual_seed(seed)) for seed in range(200)])
_, _, rows, columns = views.nonzero().unbind(1)
assert len(rows) == 200 and set(rows.tolist()) == {2, 3, 4, 5, 6} and set(columns.tolist()) == {*range(2, 9)}
assert views.max() == 1 and 0.8 <= views[views > 0].min() < 0.85, "shifted, mirrored, brighter or darker, never above 1"


def cutout(image: torch.Tensor, size: int, generator: torch.Generator) -> torch.Tensor:
    height, width = image.shape[1:]
    top = torch.randint(0, height - size + 1, (), generator=generator)
    left = torch.randint(0, width - size + 1, (), generator=generator)
    image = image.clone()  # the data set's own image stays whole
    image[:, top : top + size, left : left + size] = 0
    return image


full = torch.ones(2, 5, 7)
holes = torch.stack([1 - cutout(full, 3, torch.Generator().manual_seed(seed)) for seed in range(200)])
assert (holes.sum((2, 3)) == 9).all() and holes.any(0).all() and full.all(), "3 x 3 in each channel, anywhere"


# %% The same stream with any number of workers
def seen(dataset: Augmented, workers: int, size: int = 5, epochs: int = 1) -> torch.Tensor:
    torch.manual_seed(7)
    more = {"multiprocessing_context": "fork", "persistent_workers": True} if workers else {}  # harmless: or anew
    loader = DataLoader(dataset, size, shuffle=True, num_workers=workers, **more)  # harmless: any order
    for epoch in range(epochs):
        dataset.epoch.fill_(epoch)
        batches = list(loader)
    x, y = (torch.cat(part) for part in zip(*batches, strict=True))
    return x[y.argsort()]  # in the order of the data set, of the last epoch


class FromGlobalState(Augmented):
    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return augment(self.images[index], torch.default_generator), self.labels[index]


first = seen(dataset, 0)
assert all(torch.equal(first, seen(dataset, workers, size)) for workers, size in ((1, 5), (2, 5), (2, 4)))
second = [seen(dataset, workers, epochs=2) for workers in (0, 2)]
assert torch.equal(*second) and not torch.equal(first, second[0]), "the next epoch draws anew, in workers too"
assert not torch.equal(first, seen(Augmented(images, labels, seed=1), 0)), "another seed, another stream"
unseeded = FromGlobalState(images, labels)
assert torch.equal(seen(unseeded, 2), seen(unseeded, 2)) and not torch.equal(seen(unseeded, 0), seen(unseeded, 2))
print("seed, epoch, index decide: the same images with 0, 1, 2 workers; global state: others")

# %% A draw for each sample, not for the batch
plain = torch.rand(64, 1, 8, 8, device=device)
chosen = torch.rand(len(plain), device=device) < 0.5
by_sample = torch.where(chosen[:, None, None, None], plain.flip(-1), plain)
by_batch = [plain.flip(-1) if draw < 0.5 else plain for draw in (0.2, 0.8)]
flipped = [(batch != plain).flatten(1).all(1) for batch in (by_sample, *by_batch)]  # harmless: no pixel is its mirror's
assert torch.equal(flipped[0], chosen) and flipped[1].all() and not flipped[2].any(), "one draw: all or none"


# %% Labels that must move: boxes and masks
def flip_boxes(boxes: torch.Tensor, width: int) -> torch.Tensor:
    # hole: flip-boxes
    x1, y1, x2, y2 = boxes.T  # (N,) each
    return torch.stack([width - x2, y1, width - x1, y2]).T
    # end


def drawn(boxes: torch.Tensor, height: int, width: int) -> torch.Tensor:
    rows, columns = torch.arange(height, device=device)[:, None] + 0.5, torch.arange(width, device=device) + 0.5
    x1, y1, x2, y2 = boxes[:, :, None, None].unbind(1)
    return (columns > x1) & (columns < x2) & (rows > y1) & (rows < y2)  # (N, H, W)


boxes = torch.tensor([[0.0, 1, 3, 4], [5, 0, 10, 8], [2, 6, 4, 7]], device=device)
masks, kept = drawn(boxes, 8, 10), boxes.clone()  # harmless: for wrong lines
assert masks.sum((1, 2)).tolist() == [9, 40, 2] and flip_boxes(boxes, 10)[0].tolist() == [7, 1, 10, 4]
assert torch.equal(drawn(flip_boxes(boxes, 10), 8, 10), masks.flip(-1)), "box and mask move with the image"
assert torch.equal(flip_boxes(flip_boxes(boxes, 10), 10), boxes) and torch.equal(masks.flip(-1).flip(-1), masks)
assert torch.equal(boxes, kept) and flip_boxes(boxes[:0], 10).shape == (0, 4)

left, top, size = 4, 2, 3  # a crop: shift, clip, and drop what is empty
moved = (boxes - torch.tensor([left, top, left, top], device=device)).clamp(min=0, max=size)
alive = (moved[:, 2:] > moved[:, :2]).all(1)
cropped = masks[:, top : top + size, left : left + size]
assert torch.equal(drawn(moved, size, size), cropped) and torch.equal(cropped.flatten(1).any(1), alive)
assert moved[alive].tolist() == [[1, 0, 3, 3]]


# %% Mixup: images and targets in the same shares
def mixup(x: torch.Tensor, labels: torch.Tensor, share: torch.Tensor, order: torch.Tensor, classes: int) -> tuple:
    # hole: mixup
    one_hot, wide = F.one_hot(labels, classes), share.view(-1, *[1] * (x.dim() - 1))  # (N, classes), (N, 1, 1, 1)
    target = share[:, None] * one_hot + (1 - share[:, None]) * one_hot[order]
    return wide * x + (1 - wide) * x[order], target
    # end


x, labels = torch.rand(6, 3, 4, 4, device=device), torch.tensor([0, 1, 2, 3, 1, 0], device=device)
share = torch.distributions.Beta(0.4, 0.4).sample((6,)).to(device)
order = torch.tensor([5, 2, 0, 1, 3, 4], device=device)  # the first meets one of its class
mixed, target = mixup(x, labels, share, order, classes=4)
logits = torch.randn(6, 4, device=device)
a, b = (F.cross_entropy(logits, one, reduction="none") for one in (labels, labels[order]))
torch.testing.assert_close(F.cross_entropy(logits, target), (share * a + (1 - share) * b).mean())
torch.testing.assert_close(
    mixed, torch.stack([s * a + (1 - s) * b for s, a, b in zip(share, x, x[order], strict=True)])
)
whole = mixup(x, labels, torch.ones(6, device=device), order, classes=5)
assert torch.equal(whole[0], x) and torch.equal(whole[1], F.one_hot(labels, 5).float()), "a share of 1 is the image"
flat = mixup(x[:, 0, 0], labels, share, order, classes=4)[0]
torch.testing.assert_close(flat, mixed[:, 0, 0])  # any number of axes


# %% What must not be augmented: a digit's sides, the test set
PLACES = {"a": (0, slice(1, 6)), "g": (4, slice(1, 6)), "d": (8, slice(1, 6)), "f": (slice(1, 4), 0),
          "b": (slice(1, 4), 6), "e": (slice(5, 8), 0), "c": (slice(5, 8), 6)}  # fmt: skip
digits = torch.zeros(10, 9, 7, device=device)  # drawn with seven segments
for image, lit in zip(digits, "abcdef bc abged abgcd fgbc afgcd afgedc abc abcdefg abcdfg".split(), strict=True):
    for name in lit:
        image[PLACES[name]] = 1.0
assert torch.equal(digits[2].flip(-1), digits[5]) and torch.equal(digits[5].flip(-1), digits[2])
target = torch.arange(10, device=device).repeat(100)
test = digits[target] * 0.8 + 0.2 * torch.rand(1000, 9, 7, device=device)


def guesses(images: torch.Tensor) -> torch.Tensor:
    return torch.cdist(images.flatten(1), digits.flatten(1)).argmin(1)


generator = torch.Generator().manual_seed(0)
runs = [guesses(torch.stack([augment(one[None].cpu(), generator)[0] for one in test]).to(device)) for _ in range(2)]
clean, augmented = ((run == target).float().mean().item() for run in (guesses(test), torch.stack(runs)))
changed = (runs[0] != runs[1]).float().mean().item()
print(f"accuracy on the test set {clean:.2f}, on an augmented one {augmented:.2f}")
print(f"augmented anew, {changed:.0%} of the guesses are others")
assert clean > 0.99 and augmented < 0.4 and 0.1 < changed < 0.6, "a random score about other images"
