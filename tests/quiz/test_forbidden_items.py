"""The deck's own questions that forbid something: the ways round that people take are rejected."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kb.deck.library import Library
from kb.run.job import Run
from kb.run.runner import filled_job, run
from kb.run.worker import Worker
from kb.verify.judging import judge
from quiz.kinds.table import KINDS, all_kinds
from tests.conftest import CONTENT, EN, write_entry

pytestmark = pytest.mark.usefixtures("unmeasured")

CHEATS = {
    "26/loss-from-logits": [
        "return F.cross_entropy(logits, target, reduction='none')",
        "loss = nn.CrossEntropyLoss(reduction='none')\nreturn loss(logits, target)",
        "from torch.nn.functional import nll_loss, log_softmax\n"
        "return nll_loss(log_softmax(logits, 1), target, reduction='none')",
    ],
    "26/weighted-mean": [
        "mean_loss = F.cross_entropy(logits, masked, weight=weight, ignore_index=IGNORE)",
        "ce = getattr(F, 'cross' + '_entropy')\nmean_loss = ce(logits, masked, weight=weight, ignore_index=IGNORE)",
    ],
    "27/unroll": [
        "return rnn(x, h[None])[0]",
        "return rnn.forward(x, h[None])[0]",
        "layer = nn.RNN(x.shape[-1], len(W_hh), batch_first=True)\nlayer.load_state_dict(rnn.state_dict())\n"
        "return layer(x, h[None])[0]",
    ],
    "28/output-size": [
        "layer = nn.Conv1d(1, 1, k, stride, padding, dilation)\nreturn layer(torch.zeros(1, 1, n)).shape[-1]",
    ],
    "33/lstm-step": [
        "h, c = cell(x, (h, c))",
        "h, c = torch.lstm_cell(x, (h, c), cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)",
    ],
    "34/masked-attention": [
        "eye = torch.eye(k.shape[-2], device=q.device).expand(*k.shape[:-1], k.shape[-2])\n"
        "weights = sdpa(q, k, eye, attn_mask=mask)",
        "import torch.nn.functional as F\nf = F.scaled_dot_product_attention\n"
        "eye = torch.eye(k.shape[-2], device=q.device).expand(*k.shape[:-1], k.shape[-2])\n"
        "weights = f(q, k, eye, attn_mask=mask)",
    ],
    "36/inverted-dropout": [
        "return F.dropout(x, p)",
        "return nn.Dropout(p)(x)",
        "return torch.dropout(x, p, True)",
        "return torch.native_dropout(x, p, True)[0]",
        "return torch._VF.dropout(x, p, True)",
        "return torch.ops.aten.native_dropout.default(x, p, True)[0]",
        "return F.dropout1d(x.reshape(-1, 1, 1), p).view_as(x)",
    ],
    "37/gaussian-log-prob": [
        "return MultivariateNormal(mean, (2 * log_std).exp().diag()).log_prob(action)",
        "from torch.distributions import MultivariateNormal as Joint\n"
        "return Joint(mean, scale_tril=log_std.exp().diag()).log_prob(action)",
        "return torch.distributions.multivariate_normal.MultivariateNormal(\n"
        "    mean, (2 * log_std).exp().diag()\n).log_prob(action)",
    ],
    "38/recalibrate": [
        "update_bn(batches, net)",
        "from torch.optim import swa_utils\nswa_utils.update_bn(batches, net)",
    ],
    "38/batch-statistics": [
        "mean, var = x.mean(axes), x.var(axes, correction=0)\n"
        "running_mean, running_var = running_mean.clone(), running_var.clone()\n"
        "F.batch_norm(x, running_mean, running_var, training=True, momentum=momentum)",
        "mean, var = x.mean(axes), x.var(axes, correction=0)\n"
        "running_mean, running_var = running_mean.clone(), running_var.clone()\n"
        "torch.native_batch_norm(x, None, None, running_mean, running_var, True, momentum, 1e-5)",
    ],
    "41/adam-step": [
        'make = getattr(torch.optim, "Ad" + "am")\n'
        "p = nn.Parameter(torch.zeros_like(g))\n"
        "optimizer = make([p], lr=1.0, betas=betas, eps=eps)\n"
        "p.grad = g\n"
        'optimizer.state[p] = {"step": torch.tensor(t - 1.0), "exp_avg": m, "exp_avg_sq": v}\n'
        "optimizer.step(); d, m, v = -p.detach(), m, v",
        "kind = AdamW\n"
        "p = nn.Parameter(torch.zeros_like(g))\n"
        "optimizer = kind([p], lr=1.0, betas=betas, eps=eps, weight_decay=0)\n"
        "p.grad = g\n"
        'optimizer.state[p] = {"step": torch.tensor(t - 1.0), "exp_avg": m, "exp_avg_sq": v}\n'
        "optimizer.step(); d = -p.detach()",
    ],
    "41/decoupled-decay": [
        "kind, p = SGD, nn.Parameter(w)\n"
        "p.grad = d\n"
        "kind([p], lr=lr, weight_decay=weight_decay).step()\n"
        "w = p.detach()",
        "p = nn.Parameter(w)\n"
        "p.grad = d\n"
        'getattr(torch.optim, "SGD")([p], lr=lr, weight_decay=weight_decay).step()\n'
        "w = p.detach()",
    ],
    "43/layer-norm": [
        "out = F.layer_norm(x, (x.shape[-1],), weight, bias, eps)",
        'norm = getattr(torch, "layer" + "_norm")\nout = norm(x, (x.shape[-1],), weight, bias, eps)',
        "import torch.nn.functional as G\n"
        "h = G.group_norm(x.reshape(-1, x.shape[-1]), 1, weight, bias, eps)\n"
        "out = h.reshape(x.shape)",
        "out = torch.ops.aten.native_layer_norm(x, [x.shape[-1]], weight, bias, eps)[0]",
    ],
    "43/pre-norm-block": [
        "x = part(x, src_key_padding_mask=padding)",
        "x = part.forward(x, src_key_padding_mask=padding)",
        "layer = part\nx = nn.TransformerEncoderLayer.forward(layer, x, None, padding)",
        "x = x + part._sa_block(part.norm1(x), None, padding)\nx = x + part._ff_block(part.norm2(x))",
    ],
    "50/kaiming-std": [
        "draw = nn.init.kaiming_normal_\n"
        'sample = draw(torch.empty(1000 * weight.shape[0], *weight.shape[1:]), mode="fan_in", nonlinearity="relu")\n'
        'return sample.std().item() if mode == "fan_in" else draw(weight.clone(), mode=mode,'
        ' nonlinearity="relu").std().item()',
        'fan = getattr(nn.init, "_calculate_correct_fan")(weight, mode)\n'
        'return getattr(nn.init, "calculate_gain")("relu") / sqrt(fan)',
        "from torch.nn.init import _calculate_fan_in_and_fan_out as fans\n"
        'return sqrt(2 / fans(weight)[mode == "fan_out"])',
    ],
    "52/drop-channels": [
        "return nn.Dropout2d(p).train(training)(x)",
        "return torch._VF.feature_dropout(x, p, training)",
        "mask = torch.ops.aten.native_dropout(torch.ones(x.shape[:2], device=x.device), p, training)[0]\n"
        "return x * mask.reshape(*x.shape[:2], *[1] * (x.dim() - 2))",
    ],
    "58/local-response-norm": [
        "return F.local_response_norm(x, size, alpha, beta, k)",
        "return nn.LocalResponseNorm(size, alpha, beta, k)(x)",
        'norm = getattr(F, "local_" + "response_norm")\nreturn norm(x, size, alpha, beta, k)',
    ],
    "95/gaussian-nll": [
        "return F.gaussian_nll_loss(mean, y, var, eps=eps)",
        "return nn.GaussianNLLLoss(eps=eps)(mean, y, var)",
    ],
    "98/huber": [
        "return F.huber_loss(error, torch.zeros_like(error), delta=delta, reduction='none')",
        "return nn.SmoothL1Loss(reduction='none', beta=delta)(error, 0 * error) * delta",
    ],
    "98/multi-margin": ["losses = F.multi_margin_loss(x, right, margin=margin, reduction='none')"],
    "77/bce-from-logits": [
        "weight = torch.as_tensor(pos_weight)\n"
        "return F.binary_cross_entropy_with_logits(logits, target, pos_weight=weight, reduction='none')",
        "weight = torch.as_tensor(pos_weight)\n"
        "return nn.BCEWithLogitsLoss(pos_weight=weight, reduction='none')(logits, target)",
        "zero = torch.zeros_like(logits)\nboth = torch.stack([zero, logits], -1).flatten(0, -2)\n"
        "parts = [F.cross_entropy(both, torch.full_like(both[:, 0], k).long(), reduction='none') for k in (1, 0)]\n"
        "positive, negative = (part.view_as(logits) for part in parts)\n"
        "return pos_weight * target * positive + (1 - target) * negative",
        "weight = torch.as_tensor(pos_weight)\n"
        "return torch.ops.aten.binary_cross_entropy_with_logits(logits, target, None, weight, 0)",
    ],
    "57/fgsm-step": [
        "return pgd(model, x, y, eps, eps, steps=1, start=0)",
        "attack = globals()['pgd']\nreturn attack(model, x, y, eps, step=eps, steps=1, start=0).detach()",
        "return [one for name, one in globals().items() if name == 'pg' + 'd'][0](model, x, y, eps, eps, 1, False, 0)",
    ],
    "72/rms-norm": [
        "out = F.rms_norm(x, weight.shape, weight, eps)",
        "norm = nn.RMSNorm(x.shape[-1], eps=eps, dtype=x.dtype)\nnorm.weight = nn.Parameter(weight)\nout = norm(x)",
        "from torch.nn import functional as G\n"
        "out = getattr(G, 'rms' + '_norm')(x.float(), weight.shape, weight.float(), eps).type_as(x)",
        "out = torch._VF.rms_norm(x, weight.shape, weight, eps)",
        "out = torch.ops.aten._fused_rms_norm(x, list(weight.shape), weight, eps)[0]",
        "both = torch.cat([x, -x], dim=-1).float()\n"
        "out = F.layer_norm(both, both.shape[-1:], eps=eps)[..., : x.shape[-1]].type_as(x) * weight",
        "size = x.shape[-1]\n"
        "wide = torch.cat([x.float(), torch.full_like(x[..., :1].float(), (eps * size) ** 0.5)], -1)\n"
        "out = (F.normalize(wide, dim=-1)[..., :-1] * size**0.5).type_as(x) * weight",
        "size = x.shape[-1]\n"
        "norm = nn.LocalResponseNorm(2 * size - 1, alpha=(2 * size - 1) / size, beta=0.5, k=eps)\n"
        "out = norm(x.float().reshape(-1, size, 1)).reshape(x.shape).type_as(x) * weight",
        "both = torch.cat([x, -x], dim=-1).float()\nflat = both.reshape(1, -1, both.shape[-1])\n"
        "flat = torch.ops.aten._batch_norm_impl_index(flat, None, None, None, None, True, 0.1, eps, False)[0]\n"
        "out = flat.reshape(both.shape)[..., : x.shape[-1]].type_as(x) * weight",
        "both = torch.cat([x, -x], dim=-1).float()\nflat = both.reshape(1, -1, both.shape[-1])\n"
        "flat = torch.ops.aten._native_batch_norm_legit.no_stats(flat, None, None, True, 0.1, eps)[0]\n"
        "out = flat.reshape(both.shape)[..., : x.shape[-1]].type_as(x) * weight",
        "from torch._decomp.decompositions import _fused_rms_norm as norm\n"
        "out = norm(x, list(weight.shape), weight, eps)[0]",
    ],
    "72/grouped-query": [
        "out = F.scaled_dot_product_attention(q, k, v, mask, enable_gqa=True)",
        "out = sdpa(q, k, v, mask, enable_gqa=True)",
        "group = q.shape[1] // k.shape[1]\n"
        "k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)\n"
        "out = torch.ops.aten._scaled_dot_product_attention_math(q, k, v, mask)[0]",
        "group = q.shape[1] // k.shape[1]\n"
        "k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)\n"
        "bias = torch.zeros(mask.shape).masked_fill(~mask, -torch.inf)\n"
        "out = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(q, k, v, attn_mask=bias)[0]",
        "from torch.nn.attention.flex_attention import flex_attention as flex\n"
        "out = flex(q, k, v, lambda score, b, h, i, j: torch.where(mask[i, j], score, -torch.inf), enable_gqa=True)",
    ],
    "73/clip-norm": [
        "return nn.utils.clip_grad_norm_(parameters, max_norm)",
        "held = [p for p in parameters if p.grad is not None]\nnorm = nn.utils.get_total_norm([p.grad for p in held])\n"
        "nn.utils.clip_grads_with_norm_(held, max_norm, norm)\nreturn norm",
        "from torch.nn.utils.clip_grad import clip_grad_norm_ as clip\nreturn clip(list(parameters), max_norm)",
        "from torch.nn.utils import clip_grad\nheld = [p for p in parameters if p.grad is not None]\n"
        "norm = clip_grad._get_total_norm([p.grad for p in held])\n"
        "clip_grad._clip_grads_with_norm_(held, max_norm, norm)\nreturn norm",
        "held = [p for p in parameters if p.grad is not None]\n"
        "norm = nn.utils.parameters_to_vector([p.grad for p in held]).norm()\nfor p in held:\n"
        "    p.grad.mul_((max_norm / norm).clamp(max=1))\nreturn norm",
        "held = [p for p in parameters if p.grad is not None]\n"
        "norm = torch.cat([p.grad.flatten() for p in held]).norm()\n"
        "small = [p.grad * (max_norm / norm).clamp(max=1) for p in held]\n"
        "nn.utils.vector_to_parameters(torch.cat([g.flatten() for g in small]), [p.grad for p in held])\nreturn norm",
        "from torch.nn.utils.convert_parameters import parameters_to_vector as flat\n"
        "held = [p for p in parameters if p.grad is not None]\nnorm = flat([p.grad for p in held]).norm()\n"
        "for p in held:\n    p.grad.mul_((max_norm / norm).clamp(max=1))\nreturn norm",
    ],
    "80/lookup-gradient": [
        "table = nn.Embedding(rows, upstream.shape[-1], padding_idx=padding, dtype=upstream.dtype)\n"
        "table(ids).backward(upstream)\nreturn table.weight.grad",
        "weight = upstream.new_zeros(rows, upstream.shape[-1]).requires_grad_()\n"
        "F.embedding(ids, weight, padding).backward(upstream)\nreturn weight.grad",
        "return torch.ops.aten.embedding_dense_backward(upstream, ids, rows, padding, False)",
        "return torch.ops.aten.embedding_dense_backward.default(upstream, ids, rows, padding, False)",
    ],
    "87/dilated-size": [
        "import torch\ntry:\n    return tuple(conv(torch.zeros(1, 1, height, width)).shape[2:])\n"
        "except RuntimeError:\n    return 0, width",
        "import torch\nx = torch.zeros(1, 1, height, width)\n"
        "args = conv.weight, None, conv.stride, conv.padding, conv.dilation\n"
        "try:\n    return tuple(torch.conv2d(x, *args).shape[2:])\nexcept RuntimeError:\n    return 0, width",
        "from copy import deepcopy\nlayer = deepcopy(conv).to('meta')\n"
        "try:\n    return tuple(layer(torch.zeros(1, 1, height, width, device='meta')).shape[2:])\n"
        "except RuntimeError:\n    return 0, width",
    ],
    "88/decay-step": [
        "SGD(map(dict, groups), lr).step()",
        "import torch.optim as o\nfor g in groups:\n"
        "    o.SGD(g['params'], lr, weight_decay=g['weight_decay'], foreach=False).step()",
        "make = getattr(torch.optim, 'SG' + 'D')\nmake([dict(group) for group in groups], lr=lr).step()",
    ],
    "88/soft-threshold": [
        "return F.softshrink(w, t) if isinstance(t, float) else w.sign() * (w.abs() - t).clamp(min=0)",
        "if isinstance(t, float):\n    return nn.Softshrink(t)(w)\nreturn w.sign() * (w.abs() - t).clamp(min=0)",
        "if isinstance(t, float):\n    return torch._C._nn.softshrink(w, t)\n"
        "return w.sign() * (w.abs() - t).clamp(min=0)",
    ],
}


@pytest.fixture(scope="module")
def library() -> Library:
    """The built-in deck."""
    return Library.open(CONTENT, None, all_kinds)


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    """One worker, so that torch is there at once."""
    with Worker.start() as one:
        yield one


def graded(library: Library, worker: Worker, key: str, lines: str) -> Run:
    """A run of an item's snippet with such lines in its hole."""
    number, _, name = key.partition("/")
    entry = library.entry(int(number))
    item = next(one for one in entry.items if one.id == name)
    assert entry.snippet is not None
    return run(filled_job(entry.snippet, name, lines, forbid=item.forbid), worker=worker)


@pytest.mark.parametrize(("key", "lines"), [(key, lines) for key, many in CHEATS.items() for lines in many])
def test_way_round_is_rejected(library: Library, worker: Worker, key: str, lines: str) -> None:
    """And told by the name that the question forbids."""
    done = graded(library, worker, key, lines)
    assert done.forbidden is not None, (done.reason, done.stderr)
    assert not done.passed


def test_every_question_that_forbids_is_tried(library: Library) -> None:
    """Whatever names it forbids."""
    forbidding = {item.key for number in library.by_number for item in library.entry(number).items if item.forbid}
    assert set(CHEATS) == forbidding


@pytest.mark.parametrize(
    ("key", "lines"),
    [
        (
            "26/weighted-mean",  # `target` and `logits` are read further down
            "target = masked[masked != IGNORE]\nlogits = losses[masked != IGNORE]\n"
            "mean_loss = (weight[target] * logits).sum() / weight[target].sum()",
        ),
        (
            "98/multi-margin",  # so are `index`, `y`, `p`, `z` and `scores`
            "y = x.gather(1, right[:, None])\nscores = (margin - y + x).relu()\nindex = scores.sum(1)\n"
            "p = z = index - margin\nlosses = z / width",
        ),
        (
            "38/batch-statistics",  # `x` is normalized behind the hole, `weight` and `axes` are used there
            "x = x.movedim(1, 0).flatten(1)\nmean, axes = x.mean(1), x.shape[1]\n"
            "weight = x.var(1)\nvar = weight * (axes - 1) / axes\n"
            "running_mean = running_mean + momentum * (mean - running_mean)\n"
            "running_var = running_var + momentum * (weight - running_var)",
        ),
    ],
)
def test_temporary_of_the_snippets_name_is_right(library: Library, worker: Worker, key: str, lines: str) -> None:
    """What the snippet calls the same keeps its value."""
    done = graded(library, worker, key, lines)
    assert done.passed, (done.reason, done.stderr)


def test_verification_tells_what_forbids_too_much_or_nothing(deck: Path) -> None:
    """A right solution that is forbidden, and a name that stands for nothing in the snippet."""
    block = "```text forbid\nstatistics.fmean\n\n  math.fsun\n```\n\n```python right"
    text = EN.format(number=61).replace("```python right", block, 1)
    write_entry(deck, 61, "mean", en=text)
    entry = Library.open(deck, None, all_kinds).entry(61)
    item = next(one for one in entry.items if one.kind == "code")
    assert item.forbid == ("statistics.fmean", "math.fsun")
    item = replace(
        item, right=("import statistics\nreturn statistics.fmean(values)", "return sum(values) / len(values)")
    )
    tasks = [task for task in KINDS["code"].tasks(item, entry.snippet, "cpu") if task.what == "right"]
    notes = [judge(task, run(task.job)).note for task in tasks]
    assert notes[0].endswith("line 2 of yours: statistics.fmean was called, which this question forbids")
    assert notes[1] == "nothing that can be called in the snippet is named math.fsun; mend the text forbid block"
