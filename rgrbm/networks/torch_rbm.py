r"""A restricted Boltzmann machine in PyTorch, which differentiates the free energy by itself.

The gradient of the log-likelihood is a difference of averages of the gradient of the free energy
:math:`F(v) = -\sum_i c_i v_i - \sum_j \ln(1 + e^{b_j + \sum_i v_i w_{ij}})`:

.. math::

    \nabla \big\langle \ln p(v) \big\rangle_\text{data}
    = -\big\langle \nabla F(v) \big\rangle_\text{data}
    + \big\langle \nabla F(v) \big\rangle_\text{model}.

So descent of :math:`\langle F \rangle_\text{data} - \langle F \rangle_\text{chains}`, with states
of chains that are held fixed, is contrastive divergence.

PyTorch is loaded when the first machine is made: ``pip install "rgrbm[torch]"``.
"""

import numpy as np

from rgrbm._core import checks
from rgrbm._core.loading import load
from rgrbm.rbm import BernoulliRBM
from rgrbm.rbm.machines import checked_machine

__all__ = ["TorchRBM"]


class TorchRBM:
    r"""A machine of bits as a ``torch.nn.Module``.

    Parameters
    ----------
    n_visible, n_hidden : int
        At least 1.
    device : str, optional
        Where the parameters are, in PyTorch's words: ``"cpu"``, ``"cuda"``, ``"cuda:1"``.
    dtype : {"float32", "float64"}, optional
    rng : numpy.random.Generator
        It draws the weights, normal with the width 0.01, as those of `BernoulliRBM`. Biases are
        zero.

    Attributes
    ----------
    weights : torch.nn.Parameter, shape (n_visible, n_hidden)
    visible_bias : torch.nn.Parameter, shape (n_visible,)
    hidden_bias : torch.nn.Parameter, shape (n_hidden,)

    Raises
    ------
    ImportError
        If PyTorch is not installed.
    ValueError, TypeError
        If an argument is not as described, or PyTorch does not find the device.

    Notes
    -----
    The softplus of the free energy is ``torch.logaddexp``: ``torch.nn.functional.softplus`` takes
    the identity above 20, and its derivative 1, which is off by :math:`2 \cdot 10^{-9}`.

    Examples
    --------
    >>> import pytest; torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    >>> machine = TorchRBM(2, 2, dtype="float64", rng=np.random.default_rng(0))
    >>> optimizer = torch.optim.SGD(machine.parameters(), lr=0.5)
    >>> generator = torch.Generator().manual_seed(0)
    >>> data = torch.tensor([[0.0, 0.0], [1.0, 1.0]])
    >>> for _ in range(1000):
    ...     optimizer.zero_grad()
    ...     machine.loss(data, machine.gibbs(data, generator=generator)).backward()
    ...     optimizer.step()
    >>> bool(machine.free_energy([0, 0]) < machine.free_energy([0, 1]))
    True
    """

    def __init__(self, n_visible, n_hidden, *, device="cpu", dtype="float32", rng):
        device, dtype = _place(device, dtype)
        self._set(BernoulliRBM(n_visible, n_hidden, rng=rng), device, dtype)

    @classmethod
    def from_rgrbm(cls, rbm, *, device="cpu", dtype="float64"):
        """Make a machine with the parameters of one of the library.

        Parameters
        ----------
        rbm : BernoulliRBM
        device, dtype : str, optional
            As of the class.

        Returns
        -------
        machine : TorchRBM

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.
        FloatingPointError
            If a parameter has been made infinite or NaN in place, or is too large for `dtype`.
        """
        checked_machine(rbm)
        if not isinstance(rbm, BernoulliRBM):
            raise TypeError(f"rbm must be a BernoulliRBM, got {checks.shown(rbm)}")
        rbm.check_parameters()
        machine = cls.__new__(cls)
        machine._set(rbm, *_place(device, dtype))
        return machine

    def to_rgrbm(self):
        """Make a machine of the library with the same parameters.

        Returns
        -------
        rbm : BernoulliRBM

        Raises
        ------
        ValueError
            If a parameter is infinite or NaN.
        """
        return BernoulliRBM.from_parameters(
            **{name: part.detach().cpu().numpy() for name, part in self.named_parameters()}
        )

    def free_energy(self, visible):
        r"""Free energy F(v) = -ln sum_h exp(-E(v, h)), to be differentiated.

        Parameters
        ----------
        visible : torch.Tensor or array_like, shape (..., n_visible)
            Bits.

        Returns
        -------
        free_energy : torch.Tensor, shape (...)
        """
        return self._free_energy(self._bits("visible", visible))

    def gibbs(self, visible, n_steps=1, *, uniforms=None, generator=None):
        """Take Gibbs steps v -> h -> v; nothing is recorded for gradients.

        Parameters
        ----------
        visible : torch.Tensor or array_like, shape (n, n_visible)
            Bits, where the chains start.
        n_steps : int, optional
            At least 0.
        uniforms : sequence of array_like, optional
            Numbers from 0 to 1 that decide: for each step an array (n, n_hidden), then one
            (n, n_visible).
        generator : torch.Generator, optional
            On the machine's device; it draws them. One of the two must be given.

        Returns
        -------
        visible : torch.Tensor, shape (n, n_visible)
            Bits in the machine's dtype.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described.

        Notes
        -----
        Without a gradient, because no parameter moves a bit by a little: the samples' law depends
        on the parameters, and the formula of the gradient accounts for that already.
        """
        torch = _torch()
        visible = self._bits("visible", visible, n_axes=2)
        n_steps = checks.integer("n_steps", n_steps, 0)
        widths = [self.hidden_bias.numel(), self.visible_bias.numel()]
        draws = self._draws(len(visible), n_steps, widths, uniforms, generator)
        with torch.no_grad():
            for _ in range(n_steps):
                hidden = next(draws) < torch.sigmoid(visible @ self.weights + self.hidden_bias)
                push = hidden.to(self.weights) @ self.weights.T
                visible = (next(draws) < torch.sigmoid(push + self.visible_bias)).to(self.weights)
        return visible

    def loss(self, data, chains):
        r"""Mean free energy of data minus that of chains; to be descended.

        Parameters
        ----------
        data : torch.Tensor or array_like, shape (n, n_visible)
        chains : torch.Tensor or array_like, shape (m, n_visible)
            From `gibbs`: k steps from the data for CD-k, from the last update's for PCD-k.

        Returns
        -------
        loss : torch.Tensor, shape ()
            Its gradient is minus the estimated gradient of the log-likelihood. Its value is no
            likelihood: it is near 0 at the start, and at the end.
        """
        data, chains = self._bits("data", data, n_axes=2), self._bits("chains", chains, n_axes=2)
        return self._free_energy(data).mean() - self._free_energy(chains).mean()

    def forward(self, visible):
        """Free energy, as `free_energy`: what a call of the machine returns.

        Parameters
        ----------
        visible : torch.Tensor or array_like, shape (..., n_visible)

        Returns
        -------
        free_energy : torch.Tensor, shape (...)
        """
        return self.free_energy(visible)

    def _set(self, rbm, device, dtype):
        torch = _torch()
        self.__class__ = load("rgrbm.networks._torch_module").TorchRBM  # from here on a Module
        torch.nn.Module.__init__(self)
        for name, value in rbm.parameters().items():
            part = torch.tensor(value, device=device, dtype=dtype)
            if not part.isfinite().all():
                raise FloatingPointError(f"{name} of rbm is too large for {dtype}")
            self.register_parameter(name, torch.nn.Parameter(part))

    def _free_energy(self, visible):
        push = visible @ self.weights + self.hidden_bias
        return -visible @ self.visible_bias - push.logaddexp(push.new_zeros(())).sum(dim=-1)

    def _bits(self, name, value, n_axes=None):
        """Bits where the parameters are, and in their dtype."""
        torch = _torch()
        width = self.visible_bias.numel()
        shape = (..., width) if n_axes is None else (None, width)
        if not isinstance(value, torch.Tensor):
            value = torch.as_tensor(checks.two_valued(name, value, 0, 1, shape).astype(np.float64))
        fits = value.ndim >= 1 if n_axes is None else value.ndim == n_axes
        if not fits or value.shape[-1] != width or (n_axes and len(value) == 0):
            wanted = ", ".join("n >= 1" if part is None else str(part) for part in shape)
            wanted = wanted.replace("Ellipsis", "...")
            raise ValueError(f"{name} must have the shape ({wanted}), got {tuple(value.shape)}")
        if not ((value == 0) | (value == 1)).all():
            raise ValueError(f"{name} must hold only 0 and 1, got others in it")
        return value.detach().to(self.weights)

    def _draws(self, n_chains, n_steps, widths, uniforms, generator):
        """Iterate over random numbers for one layer after the other."""
        torch = _torch()
        if (uniforms is None) == (generator is None):
            raise ValueError("uniforms or generator must be given, and not both")
        if uniforms is None:
            if not isinstance(generator, torch.Generator):
                raise TypeError(
                    f"generator must be a torch.Generator, got {checks.shown(generator)}"
                )
            if generator.device.type != self.weights.device.type:
                raise ValueError(
                    f"generator must be on {self.weights.device}, got one on {generator.device}"
                )
            like = {"device": self.weights.device, "dtype": self.weights.dtype}
            return (
                torch.rand(n_chains, width, generator=generator, **like)
                for _ in range(n_steps)
                for width in widths
            )
        if not isinstance(uniforms, (list, tuple)) or len(uniforms) != 2 * n_steps:
            raise ValueError(
                f"uniforms must be a list of {2 * n_steps} arrays, two for each step, "
                f"got {checks.shown(uniforms)}"
            )
        shapes = [(n_chains, width) for width in widths] * n_steps
        pairs = zip(uniforms, shapes, strict=True)
        found = [checks.array("uniforms", one, shape) for one, shape in pairs]
        if any(one.min() < 0 or one.max() > 1 for one in found):
            raise ValueError("uniforms must be numbers from 0 to 1")
        return (torch.as_tensor(one).to(self.weights) for one in found)


def _torch():
    return load("torch", "torch")


def _place(device, dtype):
    """Return the device and the dtype that PyTorch knows."""
    torch = _torch()
    dtype = getattr(torch, checks.choice("dtype", dtype, ("float32", "float64")))
    if not isinstance(device, str):
        raise TypeError(f"device must be a string such as 'cpu', got {checks.shown(device)}")
    try:
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(
            f"device must be one that PyTorch finds, got {checks.shown(device)}: "
            f"{checks.shown(error)}"
        ) from None
    return device, dtype
