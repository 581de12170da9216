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
SIDE, ACTIONS, GAMMA, LIMIT = 4, 4, 0.9, 5  # LIMIT: an episode is cut off after so many steps

# %% A grid as tables: G pays 1, the pit O pays -1, both end the episode; # is a wall
cells = "...#" + ".#.." + "...O" + "#..G"
wall, pit, goal = (torch.tensor([c == kind for c in cells], device=device) for kind in "#OG")  # (16,) each
where = torch.arange(SIDE * SIDE, device=device)
moves = torch.tensor([[-1, 0], [0, 1], [1, 0], [0, -1]], device=device)  # up, right, down, left
to = (torch.stack([where // SIDE, where % SIDE], dim=1)[:, None] + moves).clamp(0, SIDE - 1)  # (16, 4, 2)
to = to[..., 0] * SIDE + to[..., 1]
NEXT = torch.where(wall[to], where[:, None], to)  # (16, 4): who runs into a wall stays
REWARD, ENDS, FREE = goal[NEXT].float() - pit[NEXT].float(), (goal | pit)[NEXT], where[~(wall | pit | goal)]


# %% The target: each net maps states (B,) to action values (B, ACTIONS)
def bellman_target(online, target, reward, after, terminated, double):  # (B,)
    # hole: bellman-target
    with torch.no_grad():
        chooser = online if double else target
        best = chooser(after).argmax(dim=1, keepdim=True)  # (B, 1)
        value = target(after).gather(1, best)[:, 0]  # (B,)
        return reward + GAMMA * value * ~terminated
    # end


def table(rows):  # a net that is a table of Q values, one row for each state
    return nn.Embedding.from_pretrained(torch.as_tensor(rows, device=device), freeze=False)


online, target = table([[5.0, 2, 1, 0], [0.0, 4, 3, -1]]), table([[1.0, 3, 2, 0], [-1.0, -2, -5, -4]])
reward, after = torch.tensor([0.5, 0.5, 2.0], device=device), torch.tensor([0, 1, 0], device=device)
ended = torch.tensor([False, False, True], device=device)
for double, by_hand in ((False, [0.5 + 0.9 * 3, 0.5 - 0.9, 2.0]), (True, [0.5 + 0.9 * 1, 0.5 - 0.9 * 2, 2.0])):
    got = bellman_target(online, target, reward, after, ended, double)
    torch.testing.assert_close(got, torch.tensor(by_hand, device=device))
    assert not got.requires_grad, "the target is a number to reach: no gradient may flow into it"

# %% A gradient through the target would move the successor's value, too
q = torch.tensor([0.0, 1.0], device=device, requires_grad=True)  # state 0 leads to state 1, reward 0
for successor, by_hand in ((q[1].detach(), [-1.8, 0.0]), (q[1], [-1.8, 1.62])):  # 1.62: state 1 would be lowered
    (grad,) = torch.autograd.grad((q[0] - GAMMA * successor).square(), q)
    torch.testing.assert_close(grad, torch.tensor(by_hand, device=device))

# %% Truncation is not termination: a reward of 1 for ever is worth 1 / (1 - gamma) = 10, whenever a clock cuts it off
ones, zeros, fifth = torch.ones(5, device=device), torch.zeros_like(where[:5]), where[:5] == 4
for ended, worth in ((fifth & False, 10.0), (fifth, 1 / (1 - 0.9 * 0.8))):  # second: a cut after 5 steps as an end
    net = table([[0.0] * ACTIONS])
    for _ in range(200):
        net.weight.data.fill_(bellman_target(net, net, ones, zeros, ended, double=False).mean())
    print(f"value of 1 a step: {net.weight[0, 0]:.2f} with {ended.sum().item()} of 5 steps called terminal")
    assert abs(net.weight[0, 0].item() - worth) < 1e-3, "after a cut the state goes on being worth something: bootstrap"

# %% The maximum of noisy estimates is too high; choosing by one net and reading off another helps if they err apart
noise, other = torch.randn(2, 20_000, ACTIONS, device=device)  # errors; every true value is 0
states = torch.arange(len(noise), device=device)
for rho in (1.0, 0.5, 0.0):  # correlation of the two nets' errors
    nets = table(noise), table(rho * noise + (1 - rho**2) ** 0.5 * other)
    targets = (bellman_target(*nets, 0 * noise[:, 0], states, states < 0, double) for double in (False, True))
    plain, double = (values.mean().item() / GAMMA for values in targets)
    print(f"true maximum 0, errors correlated by {rho}: DQN reads {plain:.2f}, double DQN {double:.2f}")
    assert abs(plain - 1.03) < 0.05 and abs(double - rho * 1.03) < 0.05, "double DQN gains as far as the nets err apart"


# %% Epsilon-greedy
def act(values, epsilon):  # (B, ACTIONS) -> (B,)
    dice = torch.randint(ACTIONS, values.shape[:1], device=device)
    return torch.where(torch.rand(len(values), device=device) < epsilon, dice, values.argmax(dim=1))


share = (act(torch.eye(ACTIONS, device=device)[[2] * 10_000], 0.2) == 2).float().mean().item()
assert abs(share - 0.85) < 0.02, "the dice hit the greedy action, too: 1 - epsilon + epsilon / ACTIONS"

# %% Training
ENVS, CAPACITY, BATCH, SYNC, STEPS = 16, 4000, 64, 25, 800
online = nn.Sequential(nn.Embedding(SIDE * SIDE, 64), nn.ReLU(), nn.Linear(64, ACTIONS)).to(device)
target, optimizer = copy.deepcopy(online), torch.optim.Adam(online.parameters(), lr=3e-3)
frozen = target[2].weight.clone()
memory = [torch.zeros(CAPACITY, dtype=kind, device=device) for kind in [torch.long] * 3 + [torch.float, torch.bool]]
cell, age = FREE[torch.randint(len(FREE), (ENVS,), device=device)], torch.zeros(ENVS, device=device)
for step in range(1, STEPS + 1):
    action = act(online(cell), epsilon=max(0.1, 1 - 2 * step / STEPS))
    after, reward, terminated = NEXT[cell, action], REWARD[cell, action], ENDS[cell, action]
    slots = torch.arange((step - 1) * ENVS, step * ENVS, device=device) % CAPACITY  # the oldest are overwritten
    for column, value in zip(memory, (cell, action, after, reward, terminated), strict=True):
        column[slots] = value
    over = terminated | (age + 1 == LIMIT)  # resets the episode; only `terminated` went into the memory
    cell, age = torch.where(over, FREE[torch.randint(len(FREE), (ENVS,), device=device)], after), (age + 1) * ~over

    picked = torch.randint(min(step * ENVS, CAPACITY), (BATCH,), device=device)
    s, a, s_after, r, ended = (column[picked] for column in memory)  # (BATCH,) each
    wanted = bellman_target(online, target, r, s_after, ended, double=True)
    loss = F.smooth_l1_loss(online(s).gather(1, a[:, None]).squeeze(1), wanted)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % SYNC == 0:
        assert torch.equal(target[2].weight, frozen) and not torch.equal(online[2].weight, frozen), "only syncs move it"
        target.load_state_dict(online.state_dict())
        frozen = target[2].weight.clone()
    if step % 200 == 0:
        print(f"step={step} loss={loss.item():.5f} q_start={online(where[:1]).max().item():.3f}")

s, a, s_after, _, ended = memory
assert torch.equal(s_after, NEXT[s, a]) and torch.equal(ended, ENDS[s, a]), "stored: no reset state, no cut as an end"

# %% Against value iteration, which knows the tables
exact = torch.zeros(SIDE * SIDE, ACTIONS, device=device)
for _ in range(50):
    exact = REWARD + GAMMA * exact[NEXT].amax(dim=-1) * ~ENDS
learned, exact = online(FREE).detach(), exact[FREE]  # (11, ACTIONS)
chosen = exact.gather(1, learned.argmax(dim=1, keepdim=True)).squeeze(1)
gap = (learned.amax(dim=1) - exact.amax(dim=1)).abs().max().item()
print(f"largest error of max Q over {len(FREE)} cells: {gap:.4f}")
assert (chosen > exact.amax(dim=1) - 1e-4).all(), "the greedy action is optimal in every cell"
assert gap < 0.1, "and its value is right: from the top left 0.9 ** 5, six steps from the goal"
