package ortrain

import (
	"mslora/graphs"
	"mslora/lora"
)

// partTokens bounds what one run of a training graph holds at once: with texts of 512 tokens, attention alone
// would keep 1.2 GB for each layer of BERT-base and a batch of 32. Batches of sentences are below it. See savedLimit.
const partTokens = 2048

// newStepper links a training topology to a model, initialises its parameters and draws its frozen
// tensors (the classification head of the LoRA methods, a pooler that the model file lacks).
func newStepper(model *Model, topology *graphs.Topology, setting Setting, device Device) (_ *stepper, _ Tuned, err error) {
	manifest := topology.Manifest
	sizes := setting.Modules.Sizes()
	sizes["C"] = int64(setting.Classes)
	s := &stepper{
		manifest: manifest,
		keep:     1 - manifest.Dropout,
		sizes:    sizes,
		fixed:    tensors{},

		partTokens: partTokens,
	}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	linked, err := device.link(topology, model.Weights, model.drawn)
	if err != nil {
		return nil, nil, err
	}
	s.linked = linked
	drawn, err := s.drawFrozen(model, linked, setting.Seed)
	if err != nil {
		return nil, nil, err
	}
	if s.parameters, err = newParameters(manifest, s.sizes, model.Weights, setting.Seed); err != nil {
		return nil, nil, err
	}
	for _, p := range s.parameters {
		if err := add(s.fixed, p.Name, p.Data, p.Shape...); err != nil {
			return nil, nil, err
		}
	}
	if err := s.addScalars(setting.Modules); err != nil {
		return nil, nil, err
	}
	if s.session, err = openSession(linked, s.inputNames(linked), outputNames(s.parameters), device, true); err != nil {
		return nil, nil, err
	}
	return s, drawn, nil
}

// drawFrozen makes the values of frozen inputs that no file holds.
func (s *stepper) drawFrozen(model *Model, linked graphs.Linked, seed uint64) (Tuned, error) {
	specs := make([]graphs.Parameter, 0, len(s.manifest.FrozenInputs)+len(linked.Promoted))
	for _, f := range s.manifest.FrozenInputs {
		specs = append(specs, graphs.Parameter{Name: f.Name, Shape: f.Shape, Init: f.Init})
	}
	for _, name := range linked.Promoted {
		for _, w := range s.manifest.Weights {
			if w.Name == name {
				specs = append(specs, graphs.Parameter{Name: name, Shape: w.Shape, Init: "weights"})
			}
		}
	}
	drawn := Tuned{}
	for _, spec := range specs {
		values, shape, err := initialValue(spec.Name, spec.Shape, spec.Init, s.sizes, model.Weights, seed)
		if err != nil {
			return nil, err
		}
		if err := add(s.fixed, spec.Name, values, shape...); err != nil {
			return nil, err
		}
		drawn[spec.Name] = Weight{shape, values}
	}
	return drawn, nil
}

// addScalars binds the module scales and the dropout scale 1/keep that the graph takes as inputs.
func (s *stepper) addScalars(modules lora.Setting) error {
	values := map[string][]float32{
		"lora_scale": {modules.LoRAScale()},
		"mslr_scale": {modules.MultiScale()},
		"mslr_S":     modules.S(),
		"keep_scale": {float32(1 / s.keep)},
	}
	for _, scalar := range s.manifest.Scalars {
		data := values[scalar.Name]
		if err := add(s.fixed, scalar.Name, data, int64(len(data))); err != nil {
			return err
		}
	}
	return nil
}

// inputNames lists every input of the linked graph.
func (s *stepper) inputNames(linked graphs.Linked) []string {
	var names []string
	for _, group := range [][]graphs.Value{s.manifest.Batch, s.manifest.Scalars, s.manifest.KeepMasks} {
		for _, v := range group {
			names = append(names, v.Name)
		}
	}
	for _, f := range s.manifest.FrozenInputs {
		names = append(names, f.Name)
	}
	for _, p := range s.parameters {
		names = append(names, p.Name)
	}
	return append(names, linked.Promoted...)
}

// close frees what has been opened.
func (s *stepper) close() {
	if s == nil {
		return
	}
	s.session.close()
	s.fixed.destroy()
}
