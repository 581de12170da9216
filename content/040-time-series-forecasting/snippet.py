# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""Split by time, scale by the training days, window, and measure against naive forecasts at every step ahead."""

import os

import torch
from torch import nn

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
T, P, W, H = 2000, 7, 28, 14  # days, season, days read, days forecast
close = torch.testing.assert_close


# %% In short
class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.head = nn.LSTM(1, 32, batch_first=True), nn.Linear(32, 1)

    def forward(self, x):
        output, _ = self.lstm(x.unsqueeze(2))  # (N, W) -> (N, W, 1) -> (N, W, 32)
        return self.head(output[:, -1])  # (N, 1)


series = torch.randn(2000, device=device).cumsum(0)  # one value a day, oldest first
val, test = 1200, 1500  # the days on which validation and test begin
mean, std = series[:val].mean(), series[:val].std()  # of the training days alone
days_in = ((series - mean) / std)[:val].unfold(0, 28 + 1, 1)  # every run of 29 training days, (N, 29)
x, y = days_in[:, :28], days_in[:, 28:]  # (N, 28) to read, (N, 1) to forecast
loss = nn.functional.mse_loss(Forecaster().to(device)(x), y)

assert x.shape == (1172, 28) and y.shape == (1172, 1), "1200 - 28 windows"
close(x[:, -1] * std + mean, series[27:1199])
close(y[:, 0] * std + mean, series[28:1200], msg="the next day, and no day behind the border")
z = (series[:val] - mean) / std
close((z.mean(), z.square().sum() / (val - 1)), (z.new_zeros(()), z.new_ones(())), rtol=1e-4, atol=1e-4)

# %% A daily series: a weekly pattern, and weather that keeps 0.8 of itself a day and gets noise of deviation 1
week = torch.tensor([0.0, 1.0, 0.5, 1.5, 3.0, 6.0, 4.0])
weather = [torch.randn(()) / 0.6]  # its long-run spread is 1 / sqrt(1 - 0.8 ** 2)
for shock in torch.randn(T - 1):
    weather.append(0.8 * weather[-1] + shock)  # harmless: noise has no sign
series = (20 + week.repeat(T // P + 1)[:T] + torch.stack(weather)).to(device)  # harmless: (T,), on any level


# %% Windows: W days in, the next `ahead` days out
def windows(series: torch.Tensor, ahead: int) -> tuple[torch.Tensor, torch.Tensor]:
    # hole: windows
    both = series.unfold(0, W + ahead, 1)  # (T - W - ahead + 1, W + ahead)
    return both[:, :W], both[:, W:]
    # end


days = torch.arange(T, device=device)  # a series whose values are its days: shows what went where
for length, ahead in ((T, 1), (T, H), (W + 1, 1), (W + H, H)):
    x, y = windows(days[:length], ahead)
    assert x.shape == (length - W - ahead + 1, W) and y.shape == (len(x), ahead), "T - W - ahead + 1 windows"
    first = days[: len(x), None]  # window i starts on day i
    close(x, first + days[:W], msg="W days, oldest first")
    close(y, first + W + days[:ahead], msg="the target begins on the day after")


# %% Everything the net learns from, the scaler too, comes from days before `val`
def prepare(series: torch.Tensor):
    mean, std = series[:val].mean(), series[:val].std()  # of the training days alone
    z = (series - mean) / std
    parts = windows(z[:val], 1), windows(z[val - W : test], 1), windows(z[test - W :], H)
    return parts, mean, std  # inputs may reach back into the part before: on the day, that is known


parts, mean, std = prepare(days.float())
for (_, y), first, last in zip(parts, (W, val, test), (val - 1, test - 1, T - 1), strict=True):
    target = (y * std + mean).round()  # harmless: back to day numbers, without rounding errors
    assert (target[0, 0], target[-1, -1]) == (first, last), "targets of a part end where those of the next begin"

for border, before in ((val, 1), (test, 2)):
    altered = torch.cat([series[:border], 3 * series[border:] + 50])  # harmless: any other future does
    same, other = prepare(series)[0][:before], prepare(altered)[0][:before]
    close(other, same, rtol=0, atol=0, msg="the future has reached a part that lies before it")
((x, y), (x_val, y_val), (x_test, y_test)), mean, std = prepare(series)
assert abs(torch.cat([x[0], y[:, 0]]).std() - 1) < 1e-3, "the training days have spread 1"


# %% Several tests in a row: forecast a stretch, then let it join the training days
def rolling_origin(total: int, first: int, stretch: int) -> list[tuple[range, range]]:
    # hole: rolling-origin
    ends = range(first, total - stretch + 1, stretch)
    return [(range(end), range(end, end + stretch)) for end in ends]
    # end


for total in (10, 11):
    folds = rolling_origin(total, 4, 2)
    assert [list(past) for past, _ in folds] == [list(range(4)), list(range(6)), list(range(8))], "all days before"
    assert [list(ahead) for _, ahead in folds] == [[4, 5], [6, 7], [8, 9]], "the next stretch, never an incomplete one"

# %% Windows shuffled before the split: the test's answers stand in training inputs
x_day, y_day = windows(days, 1)
orders = torch.randperm(len(x_day), device=device), torch.arange(len(x_day), device=device)
cut = val - W  # harmless: so that the last training target is day val - 1
seen = [torch.isin(y_day[order[cut:]], x_day[order[:cut]]).float().mean().item() for order in orders]
print(f"test targets that are inputs in training: {seen[0]:.1%} shuffled, {seen[1]:.1%} by time")
assert seen[0] > 0.99 and seen[1] == 0, "a random split of overlapping windows tests on what was trained on"


# %% Train; the validation error chooses when to stop
net = Forecaster().to(device)
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
best, history = float("inf"), []
for step in range(1, 201):
    rows = torch.randint(len(x), (64,), device=device)  # within the training part any order is fine
    loss = nn.functional.mse_loss(net(x[rows]), y[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 25 == 0:
        with torch.no_grad():
            val_loss = nn.functional.mse_loss(net(x_val), y_val).item()
        history.append(val_loss)
        print(f"step={step} loss={loss.item():.4f} val={val_loss:.4f}")
        if val_loss < best:
            best, kept = val_loss, {name: tensor.clone() for name, tensor in net.state_dict().items()}
net.load_state_dict(kept)
with torch.no_grad():
    again = nn.functional.mse_loss(net(x_val), y_val).item()
    assert net(torch.zeros(3, 1, device=device)).shape == (3, 1), "the last day is read, even one alone"
assert abs(again - min(history)) < 1e-4 and min(history) < history[0], (
    "the weights of the best validation error are back"
)


# %% Several days ahead: each forecast is read as if it had happened
@torch.no_grad()
def rollout(net, x, steps):
    for _ in range(steps):
        x = torch.cat([x, net(x[:, -W:])], dim=1)
    return x[:, -steps:]  # (N, steps)


def rmse(forecast):
    return ((forecast - y_test) * std).square().mean(dim=0).sqrt()  # (H,), in the units of the series


sums = rollout(lambda x: x.sum(dim=1, keepdim=True), torch.ones(1, W, device=device), 2)
close(sums, torch.tensor([[28.0, 55.0]], device=device), msg="the last W days are read, the forecast among them")
close(rmse(y_test + 2 / std), torch.full((H,), 2.0, device=device), msg="an error of 2 each day, in the series' units")
error = rmse(rollout(net, x_test, H))
naive = rmse(x_test[:, -1:].expand(-1, H))  # tomorrow is today
seasonal = rmse(x_test[:, -P:].repeat(1, H // P))  # next week is this week
optimum = (1 - 0.8 ** (2 * torch.arange(1, H + 1, device=device))).sqrt() / 0.6  # the noise nobody can know
for name, values in (("LSTM", error), ("naive", naive), ("seasonal naive", seasonal), ("optimum", optimum)):
    print(f"{name}: error 1, 2, 7, 14 days ahead", *(f"{values[h - 1].item():.2f}" for h in (1, 2, 7, 14)))
assert error[0] < 0.7 * naive[0] and error[0] < 0.8 * seasonal[0], "better than both naive forecasts"
assert 0.85 < error[0] / optimum[0] < 1.3, "close to the noise; far below it would mean that the answer has leaked"
assert error[:P].mean() < min(0.95 * seasonal[:P].mean(), 0.8 * naive[:P].mean()), "over a week as well"
assert error[-1] > 1.2 * error[0], "a forecast fed with forecasts gets worse with the horizon"
