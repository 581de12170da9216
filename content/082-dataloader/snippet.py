# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A data set answers for an index, a sampler chooses indices, a collate function makes a batch; a stream is shared."""

import os
from itertools import islice
from types import SimpleNamespace
from unittest import TestCase

import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import BatchSampler, DataLoader, Dataset, IterableDataset, RandomSampler, Sampler
from torch.utils.data import default_collate as collate

torch.manual_seed(0)
torch.set_num_threads(1)  # tiny tensors: more threads would only wait for one another
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))


# %% In short
class Texts(Dataset):
    def __init__(self, rows, labels):
        self.rows, self.labels = rows, labels

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):  # one sample: (L_i,) token ids and a class number
        return torch.tensor(self.rows[index], dtype=torch.long), self.labels[index]


def pad_batch(samples, pad=0):  # a list of what __getitem__ returned
    # hole: pad-batch
    rows = [row for row, _ in samples]
    tokens = pad_sequence(rows, batch_first=True, padding_value=pad)  # (N, L), L of the longest
    lengths = torch.tensor([len(row) for row in rows])
    mask = torch.arange(tokens.shape[1]) < lengths[:, None]  # (N, L), True at tokens
    return tokens, mask, torch.tensor([label for _, label in samples])
    # end


rows = [torch.tensor([0, 4, 0]), torch.tensor([], dtype=torch.long), torch.tensor([7])]  # a 0 that is a token
for pad in (0, -1):
    tokens, mask, y = pad_batch([(row, i) for i, row in enumerate(rows)], pad)
    assert tokens.tolist() == [[0, 4, 0], [pad] * 3, [7, pad, pad]] and y.tolist() == [0, 1, 2]
    assert mask.tolist() == [[True] * 3, [False] * 3, [True, False, False]], "by lengths: a token may equal the pad"
for frames in ([torch.rand(2, 3).double(), torch.rand(4, 3).double()], [torch.rand(1, 3)], [torch.rand(0, 3)]):
    tokens, mask, y = pad_batch([(row, 1) for row in frames], 5)  # rows of vectors, batches of one, nothing in a row
    assert tokens.shape == (len(frames), len(frames[-1]), 3) and tokens.dtype == frames[0].dtype
    assert torch.equal(tokens[mask], torch.cat(frames)) and (tokens[~mask] == 5).all() and y.dtype == torch.long

data = Texts([[5, 2, 7], [4], [3, 3], [8, 1, 6, 2], []], [0, 1, 1, 0, 1])
sampler = RandomSampler(data, generator=torch.Generator().manual_seed(0))  # the same orders in every run
loader = DataLoader(data, batch_size=2, sampler=sampler, collate_fn=pad_batch)
got = [[(x[m].to(device).tolist(), y.item()) for one in loader for x, m, y in zip(*one, strict=True)] for _ in range(3)]
assert all(sorted(epoch) == sorted(zip(data.rows, data.labels, strict=True)) for epoch in got) and got[1:] != got[:2]


# %% Who calls whom: the loader without workers
def batches(data, sampler, batch_size, drop_last, collate_fn):
    for indices in BatchSampler(sampler, batch_size, drop_last):
        yield collate_fn([data[i] for i in indices])


for drop_last, sizes in ((False, [4, 4, 2]), (True, [4, 4])):
    loader = DataLoader(range(10), batch_size=4, drop_last=drop_last)
    torch.testing.assert_close(list(batches(range(10), range(10), 4, drop_last, collate)), list(loader))
    assert [len(one) for one in loader] == sizes and len(loader) == len(sizes)
got = collate([{"x": torch.ones(3), "n": n, "y": n / 2, "s": str(n)} for n in (7, 8)])
assert len(got["x"]) == 2 and got["n"].tolist() == [7, 8] and got["s"] == ["7", "8"] and got["y"].dtype == torch.double


def without_failed(samples):  # for a __getitem__ that returns None where a file cannot be read
    return collate([sample for sample in samples if sample is not None])


assert [one.tolist() for one in DataLoader([1, None, 3, 4], 2, collate_fn=without_failed)] == [[1], [3, 4]]


# %% A sampler of one's own: batches of about equal lengths
class ByLength(Sampler):  # for batch_sampler=: it yields lists of indices
    def __init__(self, lengths, batch_size, generator):
        self.lengths, self.batch_size, self.generator = torch.tensor(lengths), batch_size, generator

    def __len__(self):
        return len(range(0, len(self.lengths), self.batch_size))  # rounded up

    def __iter__(self):
        noise = torch.rand(len(self.lengths), generator=self.generator)  # shuffles equal lengths
        parts = (self.lengths + noise).argsort().split(self.batch_size)  # harmless: noise is below 1, added or not
        for i in torch.randperm(len(parts), generator=self.generator).tolist():
            yield parts[i].tolist()


data = Texts([[1] * n for n in torch.randint(1, 41, (500,)).tolist()], range(500))
by_length = ByLength([len(row) for row in data.rows], 16, torch.Generator().manual_seed(0))
for options, low, high in (({"batch_size": 16, "shuffle": True}, 0.4, 0.55), ({"batch_sampler": by_length}, 0, 0.08)):
    loader = DataLoader(data, collate_fn=pad_batch, **options)
    masks, numbers = zip(*((mask, y) for _, mask, y in list(loader) + list(loader)), strict=True)  # two epochs
    filled, parts = [mask.sum().item() for mask in masks], [{*y.tolist()} for y in numbers]
    padding = 1 - sum(filled) / sum(mask.numel() for mask in masks)
    assert len(loader) == 32 and sorted(torch.cat(numbers).tolist()) == sorted([*range(500)] * 2), "once in each epoch"
    assert filled != sorted(filled) and low < padding < high and sum(part in parts[32:] for part in parts[:32]) < 5
    print(f"{', '.join(options)}: {padding:.0%} of the cells are padding")


# %% The same order again
def epochs(own, **workers):  # the orders of two epochs
    g = torch.Generator().manual_seed(0)
    options = {"sampler": RandomSampler(range(10), generator=g)} if own else {"shuffle": True, "generator": g}
    loader = DataLoader(range(10), batch_size=None, **options, **workers)
    return [[int(i) for i in loader] for _ in range(2)]


workers = {"num_workers": 2, "multiprocessing_context": "fork"}
for own in (False, True):
    (first, second), again = epochs(own), epochs(own, persistent_workers=True, **workers)
    assert [first, second] == epochs(own) and first != second, "again, and another order in the next epoch"
    assert first == again[0] and (second == again[1]) == own, "persistent workers leave out a draw of the loader"
orders = [(torch.manual_seed(0), torch.rand(n), [*DataLoader(range(10), None, shuffle=True)])[2] for n in (0, 0, 1)]
assert orders[0] == orders[1] != orders[2], "without a generator, whatever draws before moves the order"


# %% A stream: each worker of each process yields its own share
def share(samples, info, rank=0, world=1):  # info: get_worker_info(), None in the main process
    # hole: shard-workers
    worker, workers = (info.id, info.num_workers) if info else (0, 1)
    return islice(samples, rank * workers + worker, None, world * workers)
    # end


class Stream(IterableDataset):
    def __init__(self, samples, shared=True):
        self.samples, self.shared = samples, shared

    def __len__(self):  # optional: without it len(loader) is a TypeError
        return len(self.samples)

    def __iter__(self):
        return share(self.samples, torch.utils.data.get_worker_info()) if self.shared else iter(self.samples)


for n, world, k in ((0, 1, 0), (7, 1, 0), (7, 1, 3), (12, 2, 3), (2, 1, 3), (11, 3, 0), (23, 2, 2)):  # k workers
    infos, lines = [SimpleNamespace(id=i, num_workers=k) for i in range(k)] or [None], [f"{i:02}" for i in range(n)]
    shares = [list(share(iter(lines), info, rank, world)) for rank in range(world) for info in infos]
    assert sorted(line for one in shares for line in one) == lines and len(shares) == world * max(k, 1), "once each"
    assert max(map(len, shares)) - min(map(len, shares)) <= 1 and all(one == sorted(one) for one in shares)
stream = iter(range(1000))
assert next(iter(share(stream, SimpleNamespace(id=2, num_workers=4), 1, 2))) < 8 and next(stream, 0), "before the end"
for shared, drop_last, sizes in ((False, False, [4] * 6), (True, False, [4, 4, 2, 2]), (True, True, [4, 4])):
    loader = DataLoader(Stream(range(12), shared), batch_size=4, drop_last=drop_last, **workers)
    parts = [batch.tolist() for batch in loader]
    assert len(loader) == 3 and [len(part) for part in parts] == sizes, "rounded, and the last dropped, in each worker"
    assert drop_last or sorted(i for part in parts for i in part) == sorted([*range(12)] * (1 if shared else 2))
print("12 samples, 2 workers: 24 come if each yields all; shared: 12, in 4 batches, where len(loader) says 3")


# %% Shuffling a stream: a buffer mixes neighbours only
def shuffled_stream(samples, size, generator):
    buffer = []
    for sample in samples:
        buffer.append(sample)
        if len(buffer) == size:
            yield buffer.pop(torch.randint(size, (), generator=generator).item())
    yield from (buffer[i] for i in torch.randperm(len(buffer), generator=generator).tolist())


for size, low, high in ((50, 1, 1), (1000, 6, 10)):
    out = list(shuffled_stream(range(1000), size, torch.Generator().manual_seed(0)))
    assert sorted(out) == [*range(1000)] and all(i < place + size for place, i in enumerate(out)), "never further ahead"
    classes = {i // 100 for i in out[:32]}  # ten classes, one behind the other
    assert out[-40:] != sorted(out[-40:]) and low <= len(classes) <= high
    print(f"sorted by class, buffer of {size}: the first batch of 32 has {len(classes)} of 10 classes")

# %% What is refused
for message, dataset, options in (  # harmless: it only checks
    ("stack expects each tensor to be equal size, but got .3. at entry 0", [torch.ones(3), torch.ones(5)], {}),
    ("default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found", [None, 1], {}),
    ("each element in list of batch should be of equal size", [[1, 2], [3]], {}),
    ("Length of all samples has", [torch.ones(1), torch.ones(0)], {"collate_fn": torch.nn.utils.rnn.pack_sequence}),
    ("list index out of range", [None, None], {"collate_fn": without_failed}),
    ("object of type .* has no len", SimpleNamespace(), {"shuffle": True}),
    ("expected unspecified shuffle option, but got shuffle=True", Stream([]), {"shuffle": True}),
):
    with TestCase().assertRaisesRegex((RuntimeError, TypeError, ValueError, IndexError), message):
        next(iter(DataLoader(dataset, 2, **options)))
