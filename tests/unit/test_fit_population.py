"""What everybody's answers say: base rates, links, traits, and the settings chosen for them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_db.chains.fit.answers import Wording
from persona_db.chains.fit.leanings import leanings
from persona_db.chains.fit.learn import learn
from persona_db.chains.fit.population import fit_population, informativeness, likeness, link_prior, pooled_rates
from persona_db.chains.fit.scale import Scale
from persona_db.chains.fit.settings import EngineSettings, FittedSettings
from persona_db.chains.fit.traits import poles_of, trait_scores
from persona_db.chains.fit.tuning import choose_settings, inner_folds
from persona_db.chains.labels.names import Names
from persona_db.graph.ids import is_positive, trait_of
from persona_db.graph.models import Question
from tests.synthetic import make_world, signals_of


def test_likeness_of_meaning() -> None:
    """0 at cosine 0.5 or less, 1 for the same."""
    angles = np.arccos([1.0, 0.75, 0.5, -1.0])
    vectors = np.column_stack([np.cos(angles), np.sin(angles)])
    assert likeness(vectors)[0] == pytest.approx([1.0, 0.5, 0.0, 0.0])


def asked(*options: str, ordinal: tuple[float | None, ...] = ()) -> Question:
    """A question of which only the options matter."""
    return Question(id="-".join(options) or "none", text="?", options=options, ordinal=ordinal)


def test_rates_are_smoothed_by_answers_an_option() -> None:
    """Without vectors: one answer an option is add-one smoothing, two are add-two."""
    for smoothing in (1.0, 2.0):
        [found] = pooled_rates([np.array([3, 0, 1])], [asked("a", "b", "c")], None, smoothing=smoothing)
        assert found == pytest.approx((np.array([3, 0, 1]) + smoothing) / (4 + 3 * smoothing))


def test_thin_rates_lean_on_like_questions() -> None:
    """A question nobody answered takes after the one of its meaning, not after others, nor those of more options."""
    vectors = np.array([[1.0, 0.0], [0.99, np.sqrt(1 - 0.99**2)], [0.0, 1.0], [1.0, 0.0]])
    counts = [np.array([0, 0]), np.array([90, 10]), np.array([10, 90]), np.array([1, 99, 0])]
    questions = [asked("no", "yes")] * 3 + [asked("no", "yes", "never")]
    empty, like, _, longer = pooled_rates(counts, questions, vectors, smoothing=1.0)
    assert empty == pytest.approx([0.9, 0.1], abs=0.01)
    assert like == pytest.approx([0.9, 0.1], abs=0.02)
    assert longer == pytest.approx((np.array([1, 99, 0]) + 1) / 103)


def test_thin_rates_lean_on_other_options_by_their_place() -> None:
    """As many options count from low to high, whatever their words, by a tenth of what the same words count."""
    vectors = np.ones((3, 1))
    counts = [np.array([0, 0, 0]), np.array([0, 10, 90]), np.array([90, 10, 0])]
    questions = [
        asked("good", "fair", "bad", ordinal=(2.0, 1.0, 0.0)),
        asked("never", "at times", "always", ordinal=(0.0, 1.0, 2.0)),
        asked("good", "fair", "bad", ordinal=(2.0, 1.0, 0.0)),
    ]
    empty, *_ = pooled_rates(counts, questions, vectors, smoothing=1.0)
    mixed = np.array([90.0, 10.0, 0.0]) + 0.1 * np.array([90.0, 10.0, 0.0]) + 1 / 3
    assert empty == pytest.approx(mixed / mixed.sum())


def test_a_question_without_options_has_no_rates() -> None:
    """And stops nothing."""
    counts = [np.zeros(0, dtype=np.int64), np.array([1, 1])]
    found = pooled_rates(counts, [asked(), asked("no", "yes")], None, smoothing=1.0)
    assert [len(rates) for rates in found] == [0, 2]


@given(st.integers(0, 1_000), st.floats(0.01, 5.0))
def test_rates_are_probabilities(seed: int, smoothing: float) -> None:
    """They sum to 1, and none is 0."""
    drawn = np.random.default_rng(seed)
    questions = [asked(*"abcd"[: int(width)]) for width in drawn.integers(2, 5, size=6)]
    counts = [drawn.integers(0, 4, size=len(one.options)) for one in questions]
    vectors = drawn.normal(size=(6, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for rates in pooled_rates(counts, questions, vectors, smoothing=smoothing):
        assert rates.sum() == pytest.approx(1.0)
        assert (rates > 0).all()


def test_directions_point_to_what_high_answers_say() -> None:
    """Towards the text of the highest option, away from the lowest; nowhere for one without a scale."""
    options = np.array([[1.0, 0.0], [0.0, 1.0]])
    scales = [Scale.of(np.array([0.5, 0.5]), places) for places in ((0.0, 1.0), (1.0, 0.0), (None, None))]
    found = Wording(np.ones((3, 2)), (options,) * 3).directions(scales)
    assert found == pytest.approx(np.array([[-1.0, 1.0], [1.0, -1.0], [0.0, 0.0]]) / np.sqrt(2.0))
    assert (Wording(np.ones((3, 2))).directions(scales) == 0).all()


def test_the_link_prior_is_the_least_squares_one() -> None:
    """Of many pairs: what ordinary least squares finds; never below 0; of no pairs, the usual one."""
    drawn = np.random.default_rng(0)
    size = 40
    alike, along = (
        np.tril(one) + np.tril(one, -1).T for one in (drawn.random((size, size)), drawn.normal(size=(size, size)))
    )
    pairs = np.full((size, size), 1e6)
    products = pairs * (0.2 * alike + 0.1 * along)
    assert link_prior(products, pairs, alike, along) == pytest.approx((0.2, 0.1), abs=1e-3)
    assert link_prior(-products, pairs, alike, along) == (0.0, 0.0)
    usual = FittedSettings()
    assert link_prior(0 * products, 0 * pairs, alike, along) == pytest.approx(
        (usual.meaning, usual.direction), abs=1e-6
    )


def test_links_that_nobody_tells_follow_what_texts_say() -> None:
    """Two questions that nobody answered both of are linked by meaning and direction, as learned from the others."""
    world = make_world(people=40, questions=6)
    signals = signals_of(world)
    choice = signals.table.choice.copy()
    choice[:20, 0] = choice[20:, 1] = -1
    drawn = np.random.default_rng(1).normal(size=(6, 8))
    vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    options = tuple(np.eye(8)[: len(one.options)] for one in world.questions)
    wording = Wording(vectors, options)
    population = fit_population(replace(signals.table, choice=choice), wording=wording, settings=FittedSettings())
    settings, along = population.settings, wording.directions(population.scales)
    expected = settings.meaning * likeness(vectors)[0, 1] + settings.direction * along[0] @ along[1]
    assert population.pairs[0, 1] == 0
    assert population.links[0, 1] == pytest.approx(expected, abs=1e-6)


@given(st.integers(0, 1_000))
def test_links_equal_shrunken_correlations(seed: int) -> None:
    """The sum of products over those who answered both, plus the pull to 0, over their number and the pull."""
    table = signals_of(make_world(seed=seed, people=15, questions=5)).table
    population = fit_population(table, wording=None, settings=FittedSettings(shrinkage=7.0))
    values = population.standardise(table.choice)
    for one in range(5):
        for other in range(5):
            both = (table.choice[:, one] >= 0) & (table.choice[:, other] >= 0)
            expected = 1.0 if one == other else (values[both, one] @ values[both, other]) / (both.sum() + 7.0)
            assert population.links[one, other] == pytest.approx(np.clip(expected, -0.99, 1.0), abs=1e-5)
            assert population.pairs[one, other] == both.sum()


def test_traits_are_found_where_there_are_some() -> None:
    """Two traits make two loadings and scores that follow them; unrelated answers make none."""
    world = make_world(people=200, questions=20, traits=2, answered=1.0)
    table = signals_of(world).table
    population = fit_population(table, wording=None, settings=FittedSettings(shrinkage=1.0))
    assert population.loadings.shape == (20, 2)
    assert (population.loadings.sum(axis=0) >= 0).all()

    drawn = np.random.default_rng(0)
    shuffled = np.column_stack([drawn.permutation(column) for column in table.choice.T])
    noise = fit_population(replace(table, choice=shuffled), wording=None, settings=FittedSettings(shrinkage=1.0))
    assert noise.loadings.shape[1] <= 1


def test_trait_scores_are_the_posterior_mean() -> None:
    """Of unit-variance traits, given loadings and the noise of an answer; 0 with no answers."""
    loadings = np.array([[0.8, 0.0], [0.6, 0.3], [-0.2, 0.9]])
    values = np.array([1.0, -0.5, 2.0])
    covariance = loadings @ loadings.T + 0.6 * np.eye(3)
    expected = loadings.T @ np.linalg.solve(covariance, values)
    assert trait_scores(loadings, values) == pytest.approx(expected)
    assert trait_scores(loadings[:0], values[:0]).tolist() == [0.0, 0.0]


def test_a_pole_claims_what_most_of_those_say_who_lean_to_it() -> None:
    """Counted person by person: at least 60 % of the leaning who were asked chose what each claim of a name says."""
    world = make_world(people=120, questions=10)
    signals = signals_of(world)
    choice = signals.table.choice
    population = fit_population(signals.table, wording=None, settings=FittedSettings())
    scores = np.array([leanings(population, row, ()).traits for row in choice])
    poles = poles_of(population, choice, scores, Names.of(signals.table.questions))
    assert len(poles) == 2 * population.loadings.shape[1] > 0
    assert any(pole.claims for pole in poles.values())
    assert len({pole.name for pole in poles.values()}) == len(poles)
    for pole in poles.values():
        sign = 1 if is_positive(pole.id) else -1
        leaning = sign * scores[:, trait_of(pole.id)] >= population.settings.trait_leaning
        for question, options in pole.claims:
            column = choice[:, [one.id for one in signals.table.questions].index(question)]
            asked = [option in options for option in column[leaning] if option >= 0]
            assert sum(asked) >= 0.6 * len(asked)
        assert len(pole.name) <= 60


def test_a_pole_is_held_by_those_alone_who_said_what_it_claims() -> None:
    """Of the others it is inferred."""
    world = make_world(people=120, questions=10)
    signals = signals_of(world)
    learned = learn(signals, EngineSettings(), seed=0)
    stated = inferred = 0
    for row in signals.table.choice:
        answers = {q.id: int(option) for q, option in zip(signals.table.questions, row, strict=True)}
        for leaning in leanings(learned.population, row, (), learned.poles).keys:
            if leaning.kind == "trait":
                claims = learned.poles[leaning.key].claims
                said = bool(claims) and all(answers[question] in options for question, options in claims)
                assert leaning.inferred != said
                stated, inferred = stated + said, inferred + (not said)
    assert stated > 0
    assert inferred > 0


def test_poles_are_named_where_options_have_no_places() -> None:
    """Questions all of whose options are off the scale claim nothing and stop no refinement."""
    world = make_world(people=60, questions=4)
    nowhere = tuple(one.model_copy(update={"ordinal": (None,) * len(one.options)}) for one in world.questions)
    signals = signals_of(replace(world, questions=nowhere))
    population = fit_population(signals.table, wording=None, settings=FittedSettings())
    population = replace(population, loadings=np.ones((4, 1)))
    poles = poles_of(population, signals.table.choice, np.ones((60, 1)), Names.of(nowhere))
    assert {pole.id: pole.claims for pole in poles.values()} == {"trait:1+": (), "trait:1-": ()}


def test_informativeness_is_the_mean_of_the_strongest_links() -> None:
    """Of ten, or of all where there are fewer."""
    population = fit_population(signals_of(make_world(questions=14)).table, wording=None, settings=FittedSettings())
    strength = np.abs(population.links)
    np.fill_diagonal(strength, 0.0)
    expected = np.sort(strength, axis=1)[:, -10:].mean(axis=1)
    assert informativeness(population.links) == pytest.approx(expected)


def test_inner_folds_hold_out_different_answers() -> None:
    """Disjoint, all of them known answers, a tenth of the answers each, and the same for the same seed."""
    table = signals_of(make_world()).table
    folds = inner_folds(table, seed=3)
    cells = [tuple(cell) for fold in folds for cell in fold.tolist()]
    assert len(cells) == len(set(cells))
    assert all(table.choice[user, question] >= 0 for user, question in cells)
    assert {len(fold) for fold in folds} == {(table.choice >= 0).sum() // 10}
    assert [fold.tolist() for fold in folds] == [fold.tolist() for fold in inner_folds(table, seed=3)]
    assert [fold.tolist() for fold in folds] != [fold.tolist() for fold in inner_folds(table, seed=4)]


def test_settings_are_chosen_deterministically() -> None:
    """The same table and seed give the same settings, and a table of few answers leaves them alone."""
    signals = signals_of(make_world())
    asked = FittedSettings()
    first, second = (choose_settings(signals.table, wording=signals.wording, settings=asked, seed=1) for _ in range(2))
    assert first == second
    few = signals_of(make_world(people=5)).table
    assert choose_settings(few, wording=None, settings=asked, seed=1) == asked


def test_settings_without_vectors_do_not_rest_on_meaning() -> None:
    """Meaning and direction are left as asked for."""
    chosen = choose_settings(signals_of(make_world()).table, wording=None, settings=FittedSettings(), seed=1)
    assert (chosen.meaning, chosen.direction) == (FittedSettings().meaning, FittedSettings().direction)


@pytest.mark.parametrize("start", [FittedSettings(), FittedSettings(shrinkage=100.0, ridge=0.5, spread=1.3)])
def test_chosen_settings_are_chosen_again(start: FittedSettings) -> None:
    """Where the choice began from what was chosen, nothing changes: no single setting could be better."""
    table = signals_of(make_world(people=60)).table
    chosen = choose_settings(table, wording=None, settings=start, seed=0)
    assert choose_settings(table, wording=None, settings=chosen, seed=0) == chosen
