"""CD-k beside the exact gradient: the figure's numbers are the library's."""

import numpy as np
import pytest

from rgrbm.ising import enumerate_spins, spins_to_bits
from rgrbm.rbm import BernoulliRBM, exact_distribution, gibbs_matrix


def stages():
    rng = np.random.default_rng(1)
    law = rng.dirichlet(np.ones(8))
    law[2] = 0
    paths = []
    for name in ("exact gradient", "CD-1"):
        machines = [BernoulliRBM(3, 2, rng=rng) for _ in range(3)]
        vectors = [scale * rng.normal(size=11) for scale in (0.1, 1, 2)]
        machines = [one.with_vector(x) for one, x in zip(machines, vectors, strict=True)]
        rows = [
            {"updates": n, "w": one.weights, "c": one.visible_bias, "b": one.hidden_bias}
            for n, one in enumerate(machines)
        ]
        paths.append({"name": name, "stages": rows})
    return {"P": law / law.sum(), "paths": paths, "stage": 1}


def test_a_gradient(page):
    data = stages()
    shown = page("gradient", data)
    P, bits = data["P"], spins_to_bits(enumerate_spins(3)).astype(float)

    def likelihood(machine):
        return P[P > 0] @ np.log(exact_distribution(machine)[P > 0])

    def mean_update(machine, law):
        on = machine.hidden_probabilities(bits)
        parts = (bits.T * (P - law)) @ on, (P - law) @ bits, (P - law) @ on
        return np.concatenate([part.ravel() for part in parts])

    def check(path, stage, k):
        row = data["paths"][path]["stages"][stage]
        machine = BernoulliRBM.from_parameters(row["w"], row["c"], row["b"])
        theta, steps = machine.to_vector(), 1e-5 * np.eye(11)
        slope = np.array(
            [
                likelihood(machine.with_vector(theta + d))
                - likelihood(machine.with_vector(theta - d))
                for d in steps
            ]
        ) / (2e-5)
        W = gibbs_matrix(machine)
        update = mean_update(machine, np.linalg.matrix_power(W, k) @ P)
        sizes = np.linalg.norm(slope), np.linalg.norm(update)
        angle = np.arccos(min(1, slope @ update / np.prod(sizes)))
        assert shown.number("updates") == row["updates"]
        assert shown.number("L") == pytest.approx(likelihood(machine), abs=6e-4)
        assert shown.number("|∇L|") == pytest.approx(sizes[0], abs=6e-6)
        assert shown.number("|Uₖ|") == pytest.approx(sizes[1], abs=6e-6)
        text = shown.of('output[data-name="angle"]', ".textContent")
        # Where the two agree the angle is a root of their difference, which has some 1e-9 of error.
        assert float(text[:-1]) == pytest.approx(np.degrees(angle), abs=0.06)
        second = np.sort(np.linalg.eigvals(W).real)[-2]
        assert shown.number("λ₂") == pytest.approx(second, abs=6e-5)
        ends = shown.ask(
            "[...document.querySelectorAll('svg')[0].querySelectorAll('circle')]"
            ".slice(1).map(c => [c.getAttribute('cx'), c.getAttribute('cy')].map(Number))"
        )
        ends = (np.array(ends) - [150, 140]) * [1, -1] * max(sizes) / 110
        turned = sizes[1] * np.array([np.cos(angle), np.sin(angle)])
        np.testing.assert_allclose(ends, [[sizes[0], 0], turned], rtol=0, atol=2e-3 * max(sizes))
        here = shown.of("svg ~ svg circle", ".getAttribute('cy')")
        bias = np.log10(np.linalg.norm(update - slope) / sizes[0])
        expected = 240 - 225 * (max(bias, -4) + 4) / 5
        assert float(here) == pytest.approx(expected, abs=0.01)

    check(0, 1, 1)
    shown.press('input[aria-label="k"]', *["ArrowRight"] * 3)
    check(0, 1, 4)
    shown.press('input[aria-label="stage"]', "ArrowRight")
    check(0, 2, 4)
    shown.choose("trained by", 1)
    check(1, 2, 4)
    k = shown.slide("k", 0.3)
    assert 20 < k < 40
    check(1, 2, int(k))
    shown.set("stage", 0)
    check(1, 0, int(k))
    shown.set("k", 1)
    check(1, 0, 1)
