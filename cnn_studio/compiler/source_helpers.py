"""Classes that exported code brings along, because PyTorch does not have them. Plain text."""

from __future__ import annotations

HELPERS = {
    "Block": '''class Block(nn.Module):
    """A named group of layers; block[0] is the layer that the state dict calls block.0."""

    def __getitem__(self, name):
        return getattr(self, str(name))

    def __setitem__(self, name, layer):
        setattr(self, str(name), layer)
''',
    "PaddedConv2d": '''class PaddedConv2d(nn.Conv2d):
    """A convolution with its own padding on each side: (left, right, top, bottom)."""

    def __init__(self, *args, sides, fill="constant", **kwargs):
        super().__init__(*args, **kwargs)
        self.sides = sides
        self.fill = fill

    def forward(self, x):
        return super().forward(functional.pad(x, self.sides, self.fill))
''',
    "PaddedAvgPool2d": '''class PaddedAvgPool2d(nn.Module):
    """The mean of each window, divided by the cells that count.

    sides is the padding (left, right, top, bottom); extra is what the last windows need beyond it.
    """

    def __init__(self, kernel_size, stride, sides, extra=(0, 0, 0, 0), count_include_pad=True):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride
        self.sides = sides
        self.extra = extra
        self.count_include_pad = count_include_pad

    def forward(self, x):
        ones = torch.ones_like(x[:1, :1])
        counts = functional.pad(ones, self.sides, value=1.0 if self.count_include_pad else 0.0)
        return self.sums(functional.pad(x, self.sides)) / self.sums(counts)

    def sums(self, x):
        x = functional.pad(x, self.extra)
        return functional.avg_pool2d(x, self.kernel_size, self.stride, divisor_override=1)
''',
    "Subsampling": '''class Subsampling(nn.Module):
    """LeNet's pooling: the sum of each window times a coefficient per map, plus a bias per map."""

    def __init__(self, channels, kernel_size, stride):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride
        height, width = kernel_size
        self.weight = nn.Parameter(torch.full((channels,), (height * width) ** -0.5))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        sums = functional.avg_pool2d(x, self.kernel_size, self.stride, divisor_override=1)
        return torch.addcmul(self.bias.view(-1, 1, 1), sums, self.weight.view(-1, 1, 1))
''',
    "ConnectionConv2d": '''class ConnectionConv2d(nn.Module):
    """A convolution in which filter n sees the input maps table[n] alone; one kernel per connection.

    sides is the padding (left, right, top, bottom).
    """

    def __init__(self, channels, table, kernel_size, stride=(1, 1), sides=(0, 0, 0, 0), bias=True):
        super().__init__()
        self.shape = (len(table), channels, *kernel_size)
        self.places = [row * channels + n for row, maps in enumerate(table) for n in maps]
        self.stride = stride
        self.sides = sides
        self.weight = nn.Parameter(torch.empty(len(self.places), *kernel_size).uniform_(-0.1, 0.1))
        self.bias = nn.Parameter(torch.zeros(len(table))) if bias else None

    def forward(self, x):
        index = torch.tensor(self.places, device=x.device)
        full = self.weight.new_zeros(self.shape).flatten(0, 1).index_copy(0, index, self.weight)
        return functional.conv2d(functional.pad(x, self.sides), full.view(self.shape), self.bias, self.stride)
''',
    "LpPool2d": '''class LpPool2d(nn.Module):
    """(sum of |x|^power)^(1/power) over each window; the gradient of a window of zeros is zero."""

    def __init__(self, power, kernel_size, stride, ceil_mode=False):
        super().__init__()
        self.power = power
        self.pool = nn.AvgPool2d(kernel_size, stride, ceil_mode=ceil_mode, divisor_override=1)

    def forward(self, x):
        sums = self.pool(x.abs().pow(self.power))
        root = sums.clamp(min=torch.finfo(sums.dtype).tiny).pow(1 / self.power)
        return torch.where(sums > 0, root, torch.zeros_like(root))
''',
    "ChannelLayerNorm": '''class ChannelLayerNorm(nn.LayerNorm):
    """Layer norm over the channels at each place of C x H x W maps."""

    def forward(self, x):
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)
''',
    "StochasticDepth": '''class StochasticDepth(nn.Module):
    """Leaves a whole result out with probability p in training: per image (row) or per batch."""

    def __init__(self, p, mode="row"):
        super().__init__()
        self.p = p
        self.mode = mode

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        draws = (len(x) if self.mode == "row" else 1, *(1 for _ in x.shape[1:]))
        kept = torch.rand(draws, device=x.device, dtype=x.dtype) >= self.p
        return x * kept / (1 - self.p) if self.p < 1 else x * 0
''',
    "ChannelShuffle": '''class ChannelShuffle(nn.Module):
    """Deals the channels of all groups out in turn."""

    def __init__(self, groups):
        super().__init__()
        self.groups = groups

    def forward(self, x):
        batch, channels, height, width = x.shape
        x = x.reshape(batch, self.groups, channels // self.groups, height, width)
        return x.transpose(1, 2).reshape(batch, channels, height, width)
''',
}
"""Classes that PyTorch does not have, by name, in the order in which a file holds them."""
