package defence

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"

	"mslora/internal/hint"
	"mslora/internal/logistic"
	"mslora/params"
	"mslora/suspicion"
)

// EasyPatterns is an expert that is too shallow for meaning: a penalised logistic regression of what is easy to see of a text, as
// suspicion.Describe gives it. A trigger is easy to see. Fixed experts are He, Zha and Wang's (2019, arXiv 1908.10763); against
// backdoors a shallow one is trained along with the model by Liu et al. (2024, arXiv 2305.14910).
//
// It speaks of each text out of fold: from models that were fitted to the others. A model that has seen a text knows its label by the
// words that no other text has, and would leave nothing to learn of honest texts. A trigger is in other folds, too.
type EasyPatterns struct{}

// Name is params.Product.
func (EasyPatterns) Name() string { return params.Product }

// Its hyperparameters.
const (
	poeWeight   = "poe_weight"
	poeStrength = "poe_strength"
)

const (
	expertFolds  = 5
	expertStream = 0x65787065 // tells the draw of the folds from others of the same seed
)

// Check wants a text of each label in every fold.
func (EasyPatterns) Check(bench Bench) error {
	for label := range bench.Classes {
		if n := len(having(bench.Train, label)); n < expertFolds {
			return hint.New(fmt.Sprintf("give each label %d texts at least, or take another --method", expertFolds),
				"label %d has %d texts, too few for an expert that is fitted out of fold", label, n)
		}
	}
	return nil
}

// Fit gives weight · log p(class) of every text: a model of each class against the others, their probabilities divided by their sum.
func (EasyPatterns) Fit(ctx context.Context, bench Bench) ([][]float32, error) {
	bench.say("fitting the expert: what is easy to see of %d texts", len(bench.Train))
	rows, fold := suspicion.Describe(bench.texts()), foldsOf(bench)
	odds, problems := make([][]float64, bench.Classes), make([]logistic.Folded, bench.Classes)
	for class := range odds {
		odds[class] = make([]float64, len(fold))
		p := logistic.Problem{Rows: rows, Target: make([]float64, len(fold)), Strength: bench.Values.Float(poeStrength)}
		for i, t := range bench.Train {
			if t.Label == class {
				p.Target[i] = 1
			}
		}
		problems[class] = logistic.Folded{Problem: p, Odds: odds[class]}
	}
	if err := errors.Join(ctx.Err(), logistic.FitFolds(bench.Threads, expertFolds, fold, problems...)); err != nil {
		return nil, err
	}
	return normalised(odds, bench.Values.Float(poeWeight)), nil
}

// foldsOf deals the texts of each label evenly to the folds.
func foldsOf(bench Bench) []int {
	fold, random := make([]int, len(bench.Train)), rand.New(rand.NewPCG(bench.Seed, expertStream))
	for label := range bench.Classes {
		members := having(bench.Train, label)
		for at, k := range random.Perm(len(members)) {
			fold[members[k]] = at % expertFolds
		}
	}
	return fold
}

// normalised turns log-odds [classes][texts] into weight · log(p(class) / Σ p).
func normalised(odds [][]float64, weight float64) [][]float32 {
	scores := make([][]float32, len(odds[0]))
	for i := range scores {
		logs := make([]float64, len(odds))
		for class := range odds {
			z := odds[class][i]
			logs[class] = min(z, 0) - math.Log1p(math.Exp(-math.Abs(z)))
		}
		all := floats.LogSumExp(logs)
		for _, l := range logs {
			scores[i] = append(scores[i], float32(weight*(l-all)))
		}
	}
	return scores
}
