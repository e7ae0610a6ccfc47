package experiment

import (
	"slices"

	"mslora/defence"
	"mslora/internal/hint"
	"mslora/ortrain"
)

// device is where a cell runs, in the cell's precision. A filter's language model, and a probe, which trains every weight, run on p.Device.
func (p *Plan) device(cell Cell) ortrain.Device {
	device := p.Device
	device.Int8 = cell.Precision == ortrain.PrecisionInt8
	return device
}

// checkPrecision refuses a precision that no cell has, whatever the machine.
func (c Config) checkPrecision() error {
	frozen := func(name string) bool {
		method, err := defence.Find(name)
		return err == nil && method.Frozen()
	}
	if slices.Contains(c.Precision, ortrain.PrecisionInt8) && !slices.ContainsFunc(c.Methods, frozen) {
		return hint.New("leave it out, or run a method that keeps the pretrained weights, such as lora", "precision int8 does nothing for these methods, which train every weight")
	}
	return nil
}
