# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Workers prepare the next batches while the model computes: they hide loading, they do not shorten computing."""

import os
import queue
import random
import threading
import time

import torch
from torch.utils.data import DataLoader, Dataset, get_worker_info

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
LOAD, COMPUTE = 0.004, 0.02  # seconds for a sample, for a step


# %% In short
class Slow(Dataset):
    def __len__(self) -> int:
        return 48

    def __getitem__(self, index: int) -> torch.Tensor:
        time.sleep(LOAD)  # reading and decoding a file
        return torch.tensor(index)


def make_loader(dataset: Dataset, workers: int, **more) -> DataLoader:
    more |= {"persistent_workers": True, "multiprocessing_context": "fork"} if workers else {}
    return DataLoader(
        dataset,
        batch_size=4,
        num_workers=workers,  # processes; 0 loads in the training loop itself
        pin_memory=device.type == "cuda",  # page-locked memory, from which a copy to the GPU can run beside it
        prefetch_factor=3 if workers else None,  # batches that each worker prepares ahead
        **more,  # persistent_workers keeps them for the next epoch; on Linux "fork" starts them fast
    )


def epoch(loader: DataLoader) -> tuple[float, float, list[int]]:
    """Seconds of waiting for data, and in all; both from the second batch on. And what was seen."""
    waits, seen, asked = [], [], time.perf_counter()
    for batch in loader:
        waits.append(time.perf_counter() - asked)
        seen += batch.to(device, non_blocking=True).tolist()
        time.sleep(COMPUTE)  # the model
        asked = time.perf_counter()
    return sum(waits[1:]), sum(waits[1:]) + COMPUTE * len(waits), seen


# %% What workers hide
results = {workers: epoch(make_loader(Slow(), workers)) for workers in (0, 1, 2)}
assert all(seen == list(range(48)) for _, _, seen in results.values()), (
    "the sampler's order, with any number of workers"
)
assert results[0][0] > 0.3 * results[0][1], "without workers each batch is waited for"
assert results[2][0] < 0.5 * results[0][0] and results[2][1] < 0.8 * results[0][1], "loaded while the model computes"
print("2 workers: less than half of the waiting, less than 0.8 of the time; the order is the same")

# %% More workers do not always help: starting them costs more than a small data set
small = torch.arange(48)
durations = []
for workers in (0, 2):
    begun = time.perf_counter()
    assert [int(one) for batch in make_loader(small, workers) for one in batch] == small.tolist()
    durations.append(time.perf_counter() - begun)
print("48 numbers that need no loading: two workers take longer than none")
assert durations[1] > 1.5 * durations[0]


# %% Seeds: torch and random differ in each worker; a generator of one's own is copied
class Draws(Dataset):
    def __init__(self) -> None:
        self.random = random.Random(0)

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> tuple[int, int, float, float]:
        info = get_worker_info()  # None in the main process
        return info.id, info.seed, torch.rand(()).item(), self.random.random()


def seed_worker(worker: int) -> None:
    # hole: seed-worker
    info = get_worker_info()
    info.dataset.random = random.Random(info.seed)
    # end


def draws(seed: int, **more) -> list[list[float]]:
    """Two epochs: ids, seeds, torch's draws and the data set's own, each of four samples."""
    loader = DataLoader(Draws(), 1, num_workers=2, multiprocessing_context="fork",
                        generator=torch.Generator().manual_seed(seed), **more)  # fmt: skip
    return [[column.item() for column in one] for _ in range(2) for one in loader]


ids, seeds, torch_draws, own = zip(*draws(1), strict=True)
assert get_worker_info() is None and ids[:4] == (0, 1, 0, 1) and seeds[1] == seeds[0] + 1
assert len(set(torch_draws)) == 8, "torch: another stream in each worker and each epoch"
assert own[0] == own[1] == own[4] and own[2] == own[3], "the copied generator: the same numbers in each, and again"
seeded = [row[3] for row in draws(1, worker_init_fn=seed_worker)]
assert len(set(seeded)) == 8, "seeded in each worker: all different, in the next epoch too"
assert seeded == [row[3] for row in draws(1, worker_init_fn=seed_worker)], "and the same again by the loader's seed"
assert not set(seeded) & {row[3] for row in draws(2, worker_init_fn=seed_worker)}
print("a generator in the data set: the same draws in both workers, until worker_init_fn seeds it")

# %% A thread does it for any iterable
END = object()


def prefetch(iterable, ahead: int = 2):
    waiting: queue.Queue = queue.Queue(maxsize=ahead)

    def fill() -> None:
        # hole: prefetch
        try:
            for item in iterable:
                waiting.put((item, None))
            waiting.put((END, None))
        except Exception as error:
            waiting.put((END, error))
        # end

    threading.Thread(target=fill, daemon=True).start()
    while True:
        try:
            item, error = waiting.get(timeout=3)
        except queue.Empty:
            raise AssertionError("nothing came any more: the end or an error was not told") from None
        if error is not None:
            raise error
        if item is END:
            return
        yield item


def source(n: int, taken: list[int], fails: bool = False):
    for i in range(n):
        taken.append(i)
        yield None if i == 1 else i
    if fails:
        raise OSError("disk full")


assert list(prefetch(source(5, []))) == [0, None, 2, 3, 4] and list(prefetch([])) == []
taken: list[int] = []
stream = prefetch(source(100, taken))
assert next(stream) == 0
time.sleep(0.05)
assert 2 <= len(taken) <= 5, "it works ahead, but no further than asked"
got = []
try:
    got += prefetch(source(3, [], fails=True))
    raise AssertionError("no error")
except OSError as error:
    assert str(error) == "disk full", "an error in the thread reaches the loop"
