# /// script
# requires-python = ">=3.11"
# dependencies = ["torch>=2.11", "numpy"]
# ///
"""REINFORCE: make each sampled action more likely in proportion to the return after it, less what was expected."""

import os

import torch
from torch import nn
from torch.distributions import Categorical, MultivariateNormal, Normal

torch.manual_seed(0)
device = torch.device(os.environ.get("KB_DEVICE", "cpu"))

# %% In short
net = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 2)).to(device)  # a state to the logits of two actions
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for _ in range(80):
    state = torch.randint(4, (64,), device=device)  # what the environment shows, one entry a step
    policy = Categorical(logits=net(nn.functional.one_hot(state, 4).float()))
    action = policy.sample()  # (64,), for the environment; no gradient passes
    returns = (action == state % 2).float()  # what it pays from this step on
    advantage = (returns - returns.mean()) / (returns.std() + 1e-8)
    loss = -(policy.log_prob(action) * advantage).mean() - 0.01 * policy.entropy().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
assert returns.mean() > 0.9, "it has found out which action pays in which state"

GOAL, LIMIT, EPISODES = 5, 40, 4000  # the corridor has cells 0 to GOAL; LIMIT steps an episode


# %% A corridor: start in cell 0, each step costs 1 until the goal is reached
def rollout(policy, episodes):
    cell, history = torch.zeros(episodes, dtype=torch.long, device=device), []
    for _ in range(LIMIT):
        action = Categorical(logits=policy[cell]).sample()  # (episodes,), 0 is left, 1 is right
        running = cell < GOAL
        history.append((cell, action, -running.float()))
        cell = torch.where(running, (cell + 2 * action - 1).clamp(min=0), cell)  # a wall on the left
    return [torch.stack(x) for x in zip(*history, strict=True)]  # cells, actions, rewards: (LIMIT, episodes)


# %% The return from each step on
def returns_to_go(rewards, gamma):
    # hole: returns-to-go
    total, returns = 0.0, []
    for reward in rewards.flip(0):  # from the last step to the first
        total = reward + gamma * total
        returns.append(total)
    return torch.stack(returns).flip(0)
    # end


by_hand = returns_to_go(torch.tensor([[1.0, 0.0], [0.0, 4.0], [2.0, 0.0]], device=device), gamma=0.5)
torch.testing.assert_close(by_hand, torch.tensor([[1.5, 2.0], [1.0, 4.0], [2.0, 0.0]], device=device))


# %% A loss whose gradient is the policy gradient with its sign turned
def policy_loss(log_probs, returns, baseline):
    # hole: policy-loss
    advantage = (returns - baseline).detach()  # a number for each step: nothing to differentiate
    return -(log_probs * advantage).sum(dim=0).mean()
    # end


# %% Continuous actions: one Gaussian a dimension, so the log-probabilities of the dimensions add up
def gaussian_log_prob(mean, log_std, action):  # (N, A), (A,), (N, A) -> (N,)
    # hole: gaussian-log-prob
    return Normal(mean, log_std.exp()).log_prob(action).sum(dim=1)
    # end


mean, action, log_std = *torch.randn(2, 6, 3, device=device), torch.tensor([-1.0, 0.2, 0.5], device=device)
joint = MultivariateNormal(mean, (2 * log_std).exp().diag()).log_prob(action)
torch.testing.assert_close(gaussian_log_prob(mean, log_std, action), joint, rtol=1e-3, atol=1e-3)


# %% The exact gradient, by summing over all paths, to compare with
def expected_return(policy):
    left, right = policy[:GOAL].softmax(dim=1).unsqueeze(2).unbind(dim=1)  # (GOAL, 1) each
    ones = torch.ones(GOAL - 1, device=device)
    to_left, to_right = torch.diag(ones, -1), torch.diag(ones, 1)  # (GOAL, GOAL)
    to_left[0, 0] = 1  # the wall
    where, total = torch.eye(GOAL, device=device)[0], 0  # where: probability of each cell before the goal
    for _ in range(LIMIT):
        total = total - where.sum()
        where = where @ (left * to_left + right * to_right)
    return total


policy = torch.zeros(GOAL + 1, 2, device=device, requires_grad=True)  # logits of left and right in each cell
(exact,) = torch.autograd.grad(expected_return(policy), policy)

# %% Two sets of episodes of the untrained policy: one for the estimates, one for the baseline
(cells, actions, rewards), (other_cells, _, other_rewards) = rollout(policy, EPISODES), rollout(policy, EPISODES)
returns, other_returns = returns_to_go(rewards, gamma=1.0), returns_to_go(other_rewards, gamma=1.0)
assert policy.requires_grad and not returns.requires_grad, "sampling cuts the graph: only log_prob carries a gradient"
untrained = returns[0].mean().item()
value = torch.stack([other_returns[other_cells == cell].mean() for cell in range(GOAL + 1)]).requires_grad_()

# %% Three estimates from the same episodes: equal means, unequal variances
none = torch.zeros_like(returns)
variance, losses = [], []
for name, weights, baseline in (
    ("return of the whole episode", returns[:1].expand_as(returns), none),
    ("return to go", returns, none),
    ("return to go less baseline", returns, value[cells]),
):
    tables = policy.detach().repeat(EPISODES, 1, 1).requires_grad_()  # one policy an episode keeps gradients apart
    logits = tables[torch.arange(EPISODES, device=device), cells]  # (LIMIT, EPISODES, 2)
    loss = policy_loss(Categorical(logits=logits).log_prob(actions), weights, baseline)
    grads, leak = torch.autograd.grad(loss, (tables, value), allow_unused=True)
    assert leak is None, "the baseline is a number here: the policy's loss must not train it"
    grads = -EPISODES * grads[:, :GOAL]  # (EPISODES, GOAL, 2), an estimate from each episode
    off, error = grads.mean(dim=0) - exact[:GOAL], grads.std(dim=0) / EPISODES**0.5
    assert (off.abs() < 6 * error + 1e-3).all(), f"{name}: the mean must be the gradient of the expected return"
    variance.append(grads.var(dim=0).sum().item())
    losses.append(loss.item())
    print(f"{name}: the gradient's variance is {variance[-1]:.0f}, the loss {losses[-1]:.1f}")
assert variance[1] < 0.6 * variance[0], "what was earned before an action is noise to it"
assert variance[2] < 0.3 * variance[1], "a baseline lowers the variance and leaves the mean"
assert abs(losses[2]) < 0.2 * abs(losses[1]), "one policy, one expected gradient, two losses: their value says nothing"


# %% Training from the same seeds, with a baseline that learns along and without one
def train(with_baseline):
    torch.manual_seed(0)
    policy = torch.zeros(GOAL + 1, 2, device=device, requires_grad=True)
    value = torch.zeros(GOAL + 1, device=device, requires_grad=True)  # expected return from each cell
    optimizer = torch.optim.Adam([{"params": [policy], "lr": 0.1}, {"params": [value], "lr": 0.5}])
    for step in range(1, 61):
        cells, actions, rewards = rollout(policy, 32)
        returns = returns_to_go(rewards, gamma=1.0)
        log_probs = Categorical(logits=policy[cells]).log_prob(actions)
        baseline = value[cells] if with_baseline else torch.zeros_like(returns)
        loss = policy_loss(log_probs, returns, baseline) + (returns - value[cells]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if with_baseline and step % 10 == 0:
            print(f"step={step} loss={loss.item():.3f} return={returns[0].mean().item():.2f}")
    return rollout(policy, 500)[2].sum(dim=0).mean().item(), value.tolist()


(trained, learned), (bare, _) = train(True), train(False)
print(f"mean return: {untrained:.2f} untrained, {trained:.2f} trained, {bare:.2f} without a baseline, {-GOAL} at best")
assert untrained < -3 * GOAL and min(trained, bare) > -1.2 * GOAL, "the policy walks almost straight to the goal"
assert abs(learned[GOAL - 2] + 2) < 1, "the baseline has learnt what to expect: two steps from the goal, about -2"
