# Makes pytorch.json: what PyTorch's optimisers do with given gradients. Made with PyTorch 1.13.
#   python3 src/train/optimisers/pytorch.py > src/train/optimisers/pytorch.json
import json
import torch

torch.manual_seed(1)
sizes, steps = [7, 4], 6
start = [torch.randn(n) for n in sizes]
gradients = [[torch.randn(n) for n in sizes] for _ in range(steps)]


def run(make, learning_rates=None, clip_norm=None, clip_value=None):
    parameters = [torch.nn.Parameter(w.clone()) for w in start]
    optimiser = make(parameters)
    values, norms = [], []
    for t in range(steps):
        if learning_rates:
            for group in optimiser.param_groups:
                group['lr'] = learning_rates[t]
        for p, g in zip(parameters, gradients[t]):
            p.grad = g.clone()
        if clip_value:
            torch.nn.utils.clip_grad_value_(parameters, clip_value)
        if clip_norm:
            norms.append(torch.nn.utils.clip_grad_norm_(parameters, clip_norm).item())
        optimiser.step()
        values.append([p.detach().tolist() for p in parameters])
    return {'values': values, 'norms': norms}


def groups(parameters, decay):  # the second parameter is without decay
    return [{'params': parameters[:1], 'weight_decay': decay}, {'params': parameters[1:], 'weight_decay': 0}]


rates = [0.1, 0.2, 0.05, 0.05, 0.01, 0.3]
print(json.dumps({
    'start': [w.tolist() for w in start],
    'gradients': [[g.tolist() for g in gs] for gs in gradients],
    'learningRates': rates,
    'cases': {
        'plain': run(lambda ps: torch.optim.SGD(ps, lr=0.1)),
        'momentum': run(lambda ps: torch.optim.SGD(groups(ps, 0.01), lr=0.1, momentum=0.9)),
        'momentumRates': run(lambda ps: torch.optim.SGD(groups(ps, 0.01), lr=0.1, momentum=0.9), rates),
        'nesterov': run(lambda ps: torch.optim.SGD(groups(ps, 0.01), lr=0.1, momentum=0.8, nesterov=True)),
        'clipped': run(lambda ps: torch.optim.SGD(ps, lr=0.1, momentum=0.9), clip_norm=1.5, clip_value=0.7),
        'adamw': run(lambda ps: torch.optim.AdamW(groups(ps, 0.05), lr=0.1)),
        'adamwBetas': run(lambda ps: torch.optim.AdamW(groups(ps, 0.05), lr=0.1, betas=(0.8, 0.95), eps=1e-3), rates),
    },
}))
