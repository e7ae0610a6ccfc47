package logistic

import (
	"errors"

	"mslora/internal/parallel"
)

// Folded is a problem that is solved once for each fold of its rows, by the rows of the others.
type Folded struct {
	Problem
	// Models of each fold are where its search begins, and become its results; nil: the searches begin at zero, and nobody wants the results.
	Models []*Model
	Odds   []float64 // become the log-odds of each row by the model that has not seen it
}

// FitFolds solves problems, at most threads models at once. fold is that of each row, from 0 to folds − 1.
func FitFolds(threads, folds int, fold []int, problems ...Folded) error {
	errs := make([]error, len(problems)*folds)
	parallel.For(threads, len(errs), func(task int) {
		of, f := problems[task/folds], task%folds
		p := of.Problem
		p.Chosen = []int{} // not nil, which would be all
		for i, in := range fold {
			if in != f {
				p.Chosen = append(p.Chosen, i)
			}
		}
		var start *Model
		if of.Models != nil {
			start = of.Models[f]
		}
		model, err := Fit(p, start)
		if errs[task] = err; err != nil {
			return
		}
		if of.Models != nil {
			of.Models[f] = model
		}
		for i, in := range fold {
			if in == f {
				of.Odds[i] = model.LogOdds(of.Rows, i)
			}
		}
	})
	return errors.Join(errs...)
}
