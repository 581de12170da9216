# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Workers prepare the next batches while the model computes: they hide loading, they do not shorten computing."""

import os
import queue
import random
import subprocess
import sys
import tempfile
import threading
import time
from unittest import TestCase

import numpy as np
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


def make_loader(dataset: Dataset, workers: int) -> DataLoader:
    return DataLoader(  # harmless: fork is the default here
        dataset,
        batch_size=4,
        num_workers=workers,  # processes; 0 loads in the training loop itself
        pin_memory=torch.cuda.is_available(),  # page-locked memory, from which a copy to the GPU can run beside it
        prefetch_factor=3 if workers else None,  # batches that each worker prepares ahead
        persistent_workers=workers > 0,  # they live on for the next epoch  # harmless: tried with two
        multiprocessing_context="fork" if workers else None,  # Linux alone; needs no guard  # harmless: default here
    )


def epoch(loader: DataLoader) -> tuple[float, float, list[int]]:
    """Seconds of waiting for data, and in all, both without the wait for the first batch; and what was seen."""
    waits, seen, asked = [], [], (begun := time.perf_counter())
    for batch in loader:
        waits.append(time.perf_counter() - asked)
        seen += batch.to(device, non_blocking=True).tolist()
        time.sleep(COMPUTE)  # the model
        asked = time.perf_counter()
    return sum(waits[1:]), asked - begun - waits[0], seen  # harmless: the first wait is as short


# %% What workers hide
results = {n: min(epoch(make_loader(Slow(), n)) for _ in range(2)) for n in (0, 1, 2)}  # harmless: the calmer of two
assert all(seen == list(range(48)) for _, _, seen in results.values()), "the sampler's order, with any number"
assert results[0][0] > 0.3 * results[0][1], "without workers each batch is waited for"
for waiting, whole, _ in (results[1], results[2]):
    assert waiting < 0.5 * results[0][0] and waiting + 12 * COMPUTE <= whole < 0.8 * results[0][1], "loaded meanwhile"
print("1 or 2 workers: less than half of the waiting, less than 0.8 of the time; the order is the same")


# %% More workers do not always help: starting them costs more than a small data set
def seconds(workers: int) -> float:
    begun = time.perf_counter()
    assert [int(one) for batch in make_loader(torch.arange(48), workers) for one in batch] == list(range(48))
    return time.perf_counter() - begun


assert seconds(2) > 1.5 * seconds(0), "48 numbers that need no loading: two workers take longer than none"


# %% How far workers work ahead, and how long they live
class Noted(Slow):
    taken = torch.zeros(48, dtype=torch.long).share_memory_()  # by which process; all of them see it

    def __getitem__(self, index: int) -> int:
        self.taken[index] = os.getpid()
        return index


loader = make_loader(Noted(), 2)
next(batches := iter(loader)), next(batches)  # one from each worker
time.sleep(0.3)  # harmless: they are quick
assert (Noted.taken > 0).sum() == 4 * (2 + 2 * 3), "two batches taken, three prepared ahead in each worker"
lived = [set(Noted.taken.tolist()) for _ in range(2) if list(loader)]
assert lived[0] == lived[1] and len(lived[0] - {os.getpid()}) == 2, "persistent: the same two in the next epoch"


# %% Seeds: torch, random and numpy differ in each worker; a generator of one's own is copied
class Draws(Dataset):
    random = random.Random(0)

    def __getitem__(self, index: int) -> tuple[int, int, float, float, float, float]:
        info = get_worker_info()  # None in the main process
        return info.id, info.seed, torch.rand(()).item(), random.random(), np.random.rand(), self.random.random()


def seed_worker(worker: int) -> None:
    # hole: seed-worker
    info = get_worker_info()
    info.dataset.random = random.Random(info.seed)
    # end


def draws(seed: int, **more) -> list[tuple[float, ...]]:
    """Each column of what four samples gave in two epochs: ids, seeds, global draws, the data set's own draws."""
    more |= {"num_workers": 2, "multiprocessing_context": "fork"}
    loader = DataLoader(Draws(), 1, sampler=range(4), generator=torch.Generator().manual_seed(seed), **more)
    return list(zip(*([column.item() for column in one] for _ in range(2) for one in loader), strict=True))


ids, seeds, *global_draws, own = draws(1)
assert get_worker_info() is None and ids[:4] == (0, 1, 0, 1) and seeds[1] == seeds[0] + 1
assert [len(set(one)) for one in global_draws] == [8] * 3, "another stream in each worker and epoch, numpy's too"
assert own[0] == own[1] == own[4] and own[2] == own[3], "the copied generator: the same numbers in each, and again"
(*_, seeded), (*_, again) = (draws(1, worker_init_fn=seed_worker) for _ in range(2))
assert len(set(seeded)) == 8 and seeded == again, "seeded there: all different, in the next epoch too, and again"
_, kept, *_, own = draws(1, persistent_workers=True)
assert kept[4:] == kept[:4] and own[0] == own[1] and len(set(own)) == 4, "persistent: seeded once, then drawn on"

# %% Spawned workers import the script: without the guard it starts workers again
START = "from multiprocessing import get_context\n{}\n    get_context('spawn').Process(target=print).start()\n"
for guard, fails in (("if True:", True), ("if __name__ == '__main__':", False)):
    with tempfile.NamedTemporaryFile("w", suffix=".py") as script:
        print(START.format(guard), file=script, flush=True)
        run = subprocess.run([sys.executable, script.name], capture_output=True, check=False)
    assert (b"current process has finished its bootstrapping phase" in run.stderr) == fails

# %% A thread does it for any iterable
END = object()


def fill(iterable, waiting: queue.Queue) -> None:
    # hole: prefetch
    try:
        for item in iterable:
            waiting.put((item, None))
        waiting.put((END, None))
    except Exception as error:
        waiting.put((END, error))
    # end


def prefetch(iterable, ahead: int = 2):
    waiting = queue.Queue(maxsize=ahead)
    threading.Thread(target=fill, args=(iterable, waiting), daemon=True).start()
    while True:
        item, error = waiting.get()
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


def filled(iterable) -> list[tuple]:
    waiting = queue.Queue()
    try:
        fill(iterable, waiting)
    except Exception as error:
        raise AssertionError("an error left the thread") from error
    return list(waiting.queue)


assert filled(source(3, [])) == [(0, None), (None, None), (2, None), (END, None)] and filled([]) == [(END, None)]
*before, (last, error) = filled(source(2, [], fails=True))
assert before == [(0, None), (None, None)] and last is END and str(error) == "disk full", "the error, and nothing else"
assert list(prefetch(source(5, []))) == [0, None, 2, 3, 4]
assert next(prefetch(source(100, taken := []))) == 0
time.sleep(0.05)  # harmless: the thread has mostly worked ahead by then
assert 2 <= len(taken) <= 5, "it works ahead, but no further than asked"
with TestCase().assertRaisesRegex(OSError, "disk full", msg="an error in the thread reaches the loop"):
    list(prefetch(source(3, [], fails=True)))
