package experiment

import (
	"fmt"

	"mslora/params"
)

// Title names a cell among the others of its plan: what it is of, and its value on every axis that has several.
func (p *Plan) Title(cell Cell) string {
	text := cell.String()
	for _, axis := range []struct {
		name   string
		values int
		value  any
	}{
		{"target", len(p.Config.Target), cell.Target}, {"setting", len(p.Config.Setting), cell.Setting},
		{"ratio", len(p.Config.Ratio), cell.Ratio}, {"limit", len(p.Config.Limit), cell.Limit},
		{"precision", len(p.Config.Precision), cell.Precision},
	} {
		if axis.values > 1 {
			text += fmt.Sprintf(" %s=%v", axis.name, axis.value)
		}
	}
	for _, row := range params.Table {
		if value, ok := cell.Hyperparameters[row.Name]; ok && len(p.Config.Hyperparameters[row.Name]) > 1 {
			text += fmt.Sprintf(" %s=%s", row.Name, params.Format(value))
		}
	}
	return text
}
