package ortrain

import (
	"errors"
	"fmt"
	"math"

	"mslora/gradalign"
)

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// nonFinite is the error that stops a run: whatever came after that step would be worth nothing.
func nonFinite(step int, what string) error {
	return fmt.Errorf("step %d: %s is not finite; a lower learning rate may help", step, what)
}

// alignmentError names the tensor that a rule found to be not finite by its index.
func alignmentError(step int, parameters []*Parameter, err error) error {
	var found *gradalign.NonFinite
	switch {
	case !errors.As(err, &found):
		return fmt.Errorf("step %d: %w", step, err)
	case found.Auxiliary:
		return nonFinite(step, "the auxiliary gradient of "+parameters[found.Tensor].Name)
	}
	return nonFinite(step, "the gradient of "+parameters[found.Tensor].Name)
}

// checkNorm is nil if the global norm of gradients is finite, as it is if and only if all their values are: squares of
// float32 are far from the limit of float64. Else it names the first tensor with a value that is not.
func checkNorm(step int, norm float64, parameters []*Parameter, gradients [][]float32) error {
	if finite(norm) {
		return nil
	}
	for i, p := range parameters {
		if !finite(sumSquares(gradients[i])) {
			return nonFinite(step, "the gradient of "+p.Name)
		}
	}
	return nonFinite(step, "the norm of the gradients")
}
