# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""DQN fits Q(s, a) to r + gamma max Q(s', a') of a frozen copy, on steps drawn from a memory of past ones."""

import copy
import os

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))
SIDE, ACTIONS, GAMMA = 4, 4, 0.95


# %% In short
def bellman_target(online, target, reward, after, terminated, double):  # (B,)
    # hole: bellman-target
    with torch.no_grad():
        chooser = online if double else target
        best = chooser(after).argmax(dim=1, keepdim=True)  # (B, 1)
        value = target(after).gather(1, best)[:, 0]  # (B,)
        return reward + GAMMA * value * ~terminated
    # end


def update(online, target, optimizer, batch, double=True):
    state, action, after, reward, terminated = batch  # (B,) each, drawn from the replay buffer
    wanted = bellman_target(online, target, reward, after, terminated, double)
    q = online(state).gather(1, action[:, None]).squeeze(1)  # (B,), of the actions that were taken
    loss = F.smooth_l1_loss(q, wanted)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


# %% The target by hand; a table is a net that maps states (B,) to action values (B, ACTIONS)
def table(rows):
    return nn.Embedding.from_pretrained(torch.as_tensor(rows, device=device), freeze=False)  # harmless: for wrong lines


online, target = table([[5.0, 2, 1, 0], [0.0, 4, 3, -1]]), table([[1.0, 3, 2, 0], [-1.0, -2, -5, -4]])
reward, after = torch.tensor([0.5, 0.5, 2.0], device=device), torch.tensor([0, 1, 0], device=device)
ended = torch.tensor([False, False, True], device=device)
for double, by_hand in ((False, [0.5 + 0.95 * 3, 0.5 - 0.95, 2.0]), (True, [0.5 + 0.95, 0.5 - 0.95 * 2, 2.0])):
    got = bellman_target(online, target, reward, after, ended, double)
    torch.testing.assert_close(got, torch.tensor(by_hand, device=device))
    assert not got.requires_grad, "the target is a number to reach: no gradient may flow into it"

# %% The maximum of noisy estimates is too high; choosing by one net and reading off another helps if they err apart
noise, other = torch.randn(2, 20_000, ACTIONS, device=device)  # errors; every true value is 0
states, nothing = torch.arange(len(noise), device=device), torch.zeros(len(noise), device=device)
for rho in (1.0, 0.5, 0.0):  # correlation of the two nets' errors
    nets = table(noise), table(rho * noise + (1 - rho**2) ** 0.5 * other)  # harmless: as well with minus
    targets = (bellman_target(*nets, nothing, states, nothing != 0, double) for double in (False, True))
    plain, double = (values.mean().item() / GAMMA for values in targets)
    print(f"true maximum 0, errors correlated by {rho}: DQN reads {plain:.2f}, double DQN {double:.2f}")
    assert abs(plain - 1.03) < 0.05 and abs(double - rho * 1.03) < 0.05, "double DQN gains as far as the nets err apart"

# %% A grid as tables: G pays 1, the pit O pays -1, both end the episode; # is a wall
cells = "...#" + ".#.." + "...O" + "#..G"
wall, pit, goal = (torch.tensor([c == kind for c in cells], device=device) for kind in "#OG")  # (16,) each
where = torch.arange(SIDE * SIDE, device=device)
moves = torch.tensor([[-1, 0], [0, 1], [1, 0], [0, -1]], device=device)  # up, right, down, left
to = (torch.stack([where // SIDE, where % SIDE], dim=1)[:, None] + moves).clamp(0, SIDE - 1)  # (16, 4, 2)
to = to[..., 0] * SIDE + to[..., 1]
NEXT = torch.where(wall[to], where[:, None], to)  # (16, 4): who runs into a wall stays
REWARD, ENDS, FREE = goal[NEXT].float() - pit[NEXT].float(), (goal | pit)[NEXT], where[~(wall | pit | goal)]
SEEN = torch.cat([F.one_hot(where // SIDE), F.one_hot(where % SIDE)], dim=1).float()  # (16, 8), row and column
exact = torch.zeros(SIDE * SIDE, ACTIONS, device=device)
for _ in range(50):  # value iteration, which knows the tables
    exact = REWARD + GAMMA * exact[NEXT].amax(dim=-1) * ~ENDS
assert len(FREE) == 11 and exact[10, 1] == -1 and exact[14, 1] == 1, "right into the pit, right into the goal"
torch.testing.assert_close(exact[0].max().item(), GAMMA**5)  # the top left corner is six steps from the goal

# %% Eight independent runs side by side, to compare means; a batch's rows are dealt out to them in equal parts
RUNS, ENVS, STEPS, SYNC, LIMIT, BATCH = 8, 8, 500, 25, 5, 64  # LIMIT: an episode is cut off after so many steps


class Nets(nn.Module):
    def __init__(self):
        super().__init__()
        sizes = ((2 * SIDE, 32), (32, 32), (32, ACTIONS))
        uniform = ((torch.rand(RUNS, *size, device=device) * 2 - 1) / size[0] ** 0.5 for size in sizes)  # harmless: any
        self.weights = nn.ParameterList(uniform)
        self.biases = nn.ParameterList(torch.zeros(RUNS, 1, size[1], device=device) for size in sizes)

    def forward(self, cells):  # (RUNS * B,) -> (RUNS * B, ACTIONS)
        h = SEEN[cells].view(RUNS, -1, 2 * SIDE)
        for weight, bias in zip(self.weights, self.biases, strict=True):
            h = torch.baddbmm(bias, h.relu(), weight)  # the input is not negative, so relu leaves it alone
        return h.view(-1, ACTIONS)


def act(values, epsilon):  # (B, ACTIONS) -> (B,)
    dice = torch.randint(ACTIONS, values.shape[:1], device=device)
    return torch.where(torch.rand(len(values), device=device) < epsilon, dice, values.argmax(dim=1))


share = (act(torch.eye(ACTIONS, device=device)[[2] * 10_000], 0.2) == 2).float().mean()
assert abs(share - 0.85) < 0.02, "the dice hit the greedy action, too: 1 - epsilon + epsilon / ACTIONS"


def train(name, newest=STEPS * ENVS, sync=SYNC, double=True, cut_is_end=False, sigma=0.0):
    torch.manual_seed(1)
    online, probe = Nets(), FREE.repeat(RUNS)
    starts = FREE[torch.randint(len(FREE), (STEPS + 1, RUNS, ENVS), device=device)]  # where a new episode begins
    target, optimizer = copy.deepcopy(online), torch.optim.Adam(online.parameters(), lr=3e-3)
    kinds = (torch.long, torch.long, torch.long, torch.float, torch.bool)
    memory = [torch.zeros(RUNS, STEPS, ENVS, dtype=kind, device=device) for kind in kinds]
    cell, age, frozen = starts[-1], torch.zeros(RUNS, ENVS, device=device), target(probe)  # harmless: any
    for step in range(STEPS):
        action = act(online(cell.flatten()), epsilon=max(0.1, 1 - 2 * step / STEPS)).view(RUNS, ENVS)  # harmless: later
        after, terminated, truncated = NEXT[cell, action], ENDS[cell, action], age + 1 == LIMIT
        reward = REWARD[cell, action] + sigma * torch.randn(RUNS, ENVS, device=device)
        ended = terminated | truncated if cut_is_end else terminated  # harmless: in the ablation
        for column, value in zip(memory, (cell, action, after, reward, ended), strict=True):
            column[:, step] = value
        over = terminated | truncated  # both reset the episode
        cell, age = torch.where(over, starts[step], after), (age + 1) * ~over
        filled = (step + 1) * ENVS
        drawn = torch.randint(max(0, filled - newest), filled, (RUNS, BATCH), device=device)
        update(online, target, optimizer, [column.flatten(1).gather(1, drawn).flatten() for column in memory], double)
        if (step + 1) % sync == 0:  # harmless: a step later
            assert torch.equal(target(probe), frozen), "only syncs move the target net"
            target.load_state_dict(online.state_dict())
            frozen = target(probe)
    assert torch.isin(memory[0], FREE).all() and age.max() == LIMIT - 1, "episodes end at the pit, the goal, the limit"
    assert torch.equal(memory[2], NEXT[memory[0], memory[1]]), "stored: where the step led, not the state of the reset"
    learned, best = online(probe).view(RUNS, -1, ACTIONS), exact[FREE].amax(dim=1)
    chosen = exact[FREE].expand_as(learned).gather(2, learned.argmax(dim=2, keepdim=True)).squeeze(2)  # (RUNS, 11)
    optimal, gap = (chosen > best - 1e-4).float().mean(), learned.amax(dim=2) - best
    error, bias = gap.abs().mean().item(), gap.mean().item()
    print(f"{name}: error of max Q {error:.3f}, bias {bias:+.3f}, optimal actions {optimal:.2f}")
    return error, bias, optimal


# %% Each part left out, on the same seeds
full, _, optimal = train("DQN")
assert full < 0.03 and optimal > 0.85, "all parts: value iteration is reached"
assert train("only the newest 16 steps", newest=2 * ENVS)[0] > 2 * full, "replay"
assert train("no target net", sync=1)[0] > 2 * full, "target net"
assert train("cut stored as end", cut_is_end=True)[0] > 2 * full, "a limit is no end"
noisy, double, _ = train("noisy rewards, double DQN", sigma=0.5)
plain = train("noisy rewards, plain DQN", sigma=0.5, double=False)[1]  # harmless: the error is as large
assert 1 > plain > 0.1 > double and noisy > 2 * full, "the max over noisy estimates reads too high"
