"""Shared parts: a small deck on the disk, a home of its own for each test, the program as a process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

# The suite guards against old failures: the same examples every time, whatever the machine; a failure that was found
# stands as an @example beside its test. A busy machine makes one example slow now and then; that is no finding.
settings.register_profile("kb", derandomize=True, deadline=None, max_examples=100)
# What looks for new failures is a command of its own (see CONTRIBUTING.md): other examples every time, and many.
settings.register_profile(
    "search",
    deadline=None,
    max_examples=3000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "kb"))

# Every deck that a test makes may run, but for those that are about trust.
os.environ["KB_TRUST"] = os.sep

# What a shell starts in the background ignores Ctrl-C, and so would everything that the tests start and then interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: a test often waits for another program, or for a limit to pass."""
    return 1 + (os.cpu_count() or 1)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """The whole suite runs in several processes; tests that are named, and benchmarks, in this one, where they can be
    watched. (Only ever fewer processes than were asked for: this is called in each of them, too.)"""
    is_whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS and config.option.markexpr != "bench"
    is_told = any(word.startswith(("-n", "--numprocesses")) for word in config.invocation_params.args)
    if not (is_whole or is_told):
        config.option.numprocesses = 0


if TYPE_CHECKING:
    from quiz.log.log import Log

ROOT = Path(__file__).parent.parent
CONTENT = ROOT / "content"

DECK = """
name = "small"
id = "small"
languages = ["en", "zh"]
complete = true

[areas]
training = { en = "training", zh = "训练" }
sequence = { en = "sequence", zh = "序列" }

[[chapters]]
number = 7
first = 61
last = 70
titles = { en = "Chapter 7", zh = "第 7 章" }
"""

SNIPPET = '''# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""A mean is a sum over a count."""

import os

print("on", os.environ.get("KB_DEVICE", "cpu"))


# %% The mean by hand
def mean(values: list[float]) -> float:
    # hole: mean-by-hand
    total = sum(values)
    return total / len(values)
    # end


assert mean([1.0, 2.0, 6.0]) == 3.0, "the sum over the count"
assert mean([4.0]) == 4.0
print("step=1 loss=2.0")
print("step=2 loss=1.0")
'''

EN = """---
area: training
level: 1
tags: [mean, average]
related: [62]
aliases: [average, torch.mean, 平均值]
errors: ["mean(): could not infer output dtype"]
---

# {number}. What is the mean of a batch?

The mean is the sum of the values over their count. Run it: [`snippet.py`](snippet.py).

## How it works

Add the values, then divide by how many there are, $\\bar x = \\frac{{1}}{{N}} \\sum_i x_i$:

```python
    total = sum(values)
    return total / len(values)
```

## Pitfalls

- **"The mean is the middle value."** That is the median.

## Sources

- Any book

## Quiz

### which-value

What is the mean of 1, 2 and 6?

- [ ] 2
- [x] 3
- [ ] 6
- [ ] 9

Nine over three. Two is the median.

```python proof
assert sum([1, 2, 6]) / 3 == 3
```

### which-hold

Which hold for the mean? Choose all that do.

- [x] It lies between least and greatest.
- [ ] It is one of the values.
- [x] It moves with every value.

It need not be one of the values: the mean of 1 and 2 is 1.5.

### printed

What does this print?

```python predict
print(sum([2, 4]) / 2)
```

Division gives a float.

### counted

How many values have the sum 12 and the mean 4?

```python answer
print(12 // 4)
```

The sum over the mean is the count.

### mean-by-hand

Fill in the body of `mean`: return the mean of `values`.

```python right
import statistics
return statistics.fmean(values)
```

```python right
return sum(value / len(values) for value in values)
```

```python wrong
return sum(values)
```

```python wrong
return sorted(values)[len(values) // 2]
```

```python wrong
return (min(values) + max(values)) / 2
```

Any way to the sum over the count will do.
"""

ZH = """# {number}. 一个 batch 的均值是什么？

均值等于所有值之和除以个数。运行示例：[`snippet.py`](snippet.py)。

## 原理

先求和，再除以个数，即 $\\bar x = \\frac{{1}}{{N}} \\sum_i x_i$：

```python
    total = sum(values)
    return total / len(values)
```

## 易错点

- **“均值就是中间的那个值。”** 那是中位数。

## 参考

- 任意一本教材

## Quiz

### which-value

1、2、6 的均值是多少？

- [ ] 2
- [x] 3
- [ ] 6
- [ ] 9

9 除以 3。2 是中位数。

### which-hold

关于均值，哪些说法成立？请选出所有正确项。

- [x] 介于最小值与最大值之间。
- [ ] 一定是其中某个值。
- [x] 任何一个值变化都会影响它。

均值不一定是其中某个值：1 和 2 的均值是 1.5。

### printed

这段代码会打印什么？

---

除法得到浮点数。

### counted

和为 12、均值为 4 的数一共有几个？

---

和除以均值就是个数。

### mean-by-hand

补全 `mean` 的函数体：返回 `values` 的均值。

---

只要得到和除以个数即可。
"""


def write_entry(deck: Path, number: int = 61, slug: str = "mean", **files: str) -> Path:
    """Write an entry's folder; ``en``, ``zh`` and ``snippet`` replace the texts."""
    folder = deck / f"{number:03d}-{slug}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "en.md").write_text(files.get("en", EN.format(number=number)), encoding="utf-8")
    (folder / "zh.md").write_text(files.get("zh", ZH.format(number=number)), encoding="utf-8")
    (folder / "snippet.py").write_text(files.get("snippet", SNIPPET), encoding="utf-8")
    (folder / "output.txt").write_text("on cpu\nstep=1 loss=2.0\nstep=2 loss=1.0\n", encoding="utf-8")
    return folder


@pytest.fixture
def deck(tmp_path: Path) -> Path:
    """A deck with one complete entry, number 61, whose snippet needs no torch."""
    path = tmp_path / "deck"
    path.mkdir()
    (path / "deck.toml").write_text(DECK, encoding="utf-8")
    write_entry(path)
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty KB_HOME; the reader's language is English, and nobody's settings leak in."""
    path = tmp_path / "home"
    path.mkdir()
    for name in ("KB_DECK", "KB_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
        os.unsetenv(name)  # readline writes COLUMNS past `os.environ`, and children would inherit it
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("KB_HOME", str(path))
    return path


def learner_log(home: Path, now: float = 4e9) -> "Log":
    """The learner's log of the small deck, as a moment long after any test sees it."""
    from quiz.log.log import Log

    return Log(home / "data" / "progress", "small", home / "data", home / "cache", clock=lambda: now)


Kb = Callable[..., subprocess.CompletedProcess[str]]

COMMAND = (sys.executable, "-m", "kb")
"""The program as a process, as the installed command starts it."""


@pytest.fixture
def not_isolated(monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs may leave a note outside its folder, or signal who started it."""
    monkeypatch.setenv("KB_ISOLATION", "off")


@pytest.fixture(scope="module")
def unmeasured() -> Iterator[None]:
    """What runs as a process of its own is not looked at by coverage, which takes half as long again.

    For modules that run much, and whose processes do what those of other tests do.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        yield


@pytest.fixture
def kb(home: Path) -> Kb:
    """The program, run as a process: ``kb("search", "lstm")``."""

    def run(*arguments: str, timeout: float = 300, **options: Any) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, **options.pop("environ", {})}
        if "cwd" in options:  # from elsewhere it is still this tree that runs
            environ.setdefault("PYTHONPATH", str(ROOT))
        return subprocess.run(
            [*COMMAND, *arguments],
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            env=environ,
            check=False,
            cwd=options.pop("cwd", ROOT),
            stdin=options.pop("stdin", subprocess.DEVNULL),
            **options,
        )

    return run


def only_json(text: str) -> Any:
    """The one object that a ``--json`` call prints."""
    value = json.loads(text)
    assert value["schema"] == 1
    return value
