package ortrain

import "mslora/gradalign"

// align replaces the gradients of a training batch by those that a rule aligns to an auxiliary batch (Eqs. 7 and 8). Two
// batches use different rows of the embedding tables; both gradients get the rows of either. Its error is a
// *gradalign.NonFinite, whose tensor is the index of a parameter.
func align(rule gradalign.Rule, step gradalign.Step, parameters []*Parameter, batch, auxiliary *Gradients) (gradalign.Stats, error) {
	for i, p := range parameters {
		if p.Table != "" {
			var rows []int32
			rows, batch.Values[i], auxiliary.Values[i] = gradalign.Unite(int(p.Shape[1]),
				batch.Rows[i], batch.Values[i], auxiliary.Rows[i], auxiliary.Values[i])
			batch.Rows[i], auxiliary.Rows[i] = rows, rows
		}
	}
	step.AuxLoss = auxiliary.Loss
	return rule.Align(step, batch.Values, auxiliary.Values)
}
