package ortrain

import "mslora/gradalign"

// align replaces the gradients of a training batch by those aligned to an auxiliary batch (Eqs. 7 and 8). Two
// batches use different rows of the embedding tables; both gradients get the rows of either.
func align(o gradalign.Options, epoch int, parameters []*Parameter, batch, auxiliary *Gradients) gradalign.Stats {
	for i, p := range parameters {
		if p.Table {
			var rows []int32
			rows, batch.Values[i], auxiliary.Values[i] = gradalign.Unite(int(p.Shape[1]),
				batch.Rows[i], batch.Values[i], auxiliary.Rows[i], auxiliary.Values[i])
			batch.Rows[i], auxiliary.Rows[i] = rows, rows
		}
	}
	return gradalign.Align(o, epoch, auxiliary.Loss, batch.Values, auxiliary.Values)
}
