package ortrain

import (
	"errors"
	"fmt"
	"runtime"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/graphs"
)

// prepared is one batch with its dropout masks, ready for the graph.
type prepared struct {
	batch *Batch
	masks []byte // all keep masks, one after the other in the manifest's order
}

// stepper runs the training graph: loss and gradients of one batch.
type stepper struct {
	manifest   graphs.Manifest
	linked     graphs.Linked
	session    *session
	parameters []*Parameter
	fixed      tensors // parameters, frozen inputs, scalars
	keep       float64 // probability of keeping a unit under dropout
	sizes      map[string]int64
}

// prepare packs examples and draws their masks from the stream (seed, purpose, step). buffer's memory is
// reused for the masks if it is large enough.
func (s *stepper) prepare(examples []Example, classes int, seed uint64, purpose string, step uint64, buffer []byte) (prepared, error) {
	batch := Pack(examples, classes)
	dims := batch.dimensions()
	var total int64
	for _, mask := range s.manifest.KeepMasks {
		shape, err := graphs.Resolve(mask.Shape, dims)
		if err != nil {
			return prepared{}, err
		}
		total += ort.Shape(shape).FlattenedSize()
	}
	if int64(cap(buffer)) < total {
		buffer = make([]byte, total+total/4) // room for the longer batches to come
	}
	masks := buffer[:total]
	fillKeepMask(masks, s.keep, &splitMix{stream(seed, purpose, step).Uint64()})
	return prepared{batch, masks}, nil
}

// inputs gives the graph every input: the batch, its masks, and what is fixed. The caller destroys what is
// not fixed with destroyBatch.
func (s *stepper) inputs(p prepared) (tensors, error) {
	all := make(tensors, len(s.fixed)+64)
	b := p.batch
	err := errors.Join(
		all.addBatch(b),
		add(all, "targets", b.Targets, int64(b.Texts), int64(b.Classes)),
		add(all, "loss_scale", []float32{1 / float32(b.Texts)}, 1),
	)
	dims, masks := b.dimensions(), p.masks
	for _, mask := range s.manifest.KeepMasks {
		shape, resolveErr := graphs.Resolve(mask.Shape, dims)
		if err = errors.Join(err, resolveErr); err != nil {
			break
		}
		size := ort.Shape(shape).FlattenedSize()
		err = add(all, mask.Name, masks[:size:size], shape...)
		masks = masks[size:]
	}
	if err != nil {
		all.destroy()
		return nil, err
	}
	for name, value := range s.fixed {
		all[name] = value
	}
	return all, nil
}

// destroyBatch frees the inputs that belong to one batch.
func (s *stepper) destroyBatch(all tensors) {
	for name, value := range all {
		if _, fixed := s.fixed[name]; !fixed {
			value.Destroy()
		}
	}
}

// gradients runs forward and backward over one batch. The gradients are written to into, whose arrays are
// reused from step to step.
func (s *stepper) gradients(p prepared, into *gradientBuffer) (*Gradients, error) {
	all, err := s.inputs(p)
	if err != nil {
		return nil, err
	}
	defer s.destroyBatch(all)
	b := p.batch
	outputs, embedding, err := into.outputs(b)
	if err != nil {
		return nil, err
	}
	if embedding != nil {
		defer embedding.Destroy()
	}
	if err := s.session.run(all, outputs); err != nil {
		return nil, fmt.Errorf("training graph: %w", err)
	}
	runtime.KeepAlive(p)
	return into.collect(s.parameters, b), nil
}

// gradientBuffer receives one set of gradients. Preallocated outputs are several times cheaper than
// letting ONNX Runtime allocate them on each run.
type gradientBuffer struct {
	loss      []float32
	fixed     []ort.Value // loss, then the gradient of each parameter that has an output
	gradients Gradients
	width     int       // hidden size, if the graph has embedding gradients
	embedding []float32 // [T, width] gradient at the sum of the embeddings
}

func newGradientBuffer(parameters []*Parameter, width int) (*gradientBuffer, error) {
	buffer := &gradientBuffer{loss: make([]float32, 1)}
	value, err := ort.NewTensor(ort.NewShape(1), buffer.loss)
	if err != nil {
		return nil, err
	}
	buffer.fixed = append(buffer.fixed, value)
	buffer.gradients.Values = make([][]float32, len(parameters))
	buffer.gradients.Rows = make([][]int32, len(parameters))
	for i, p := range parameters {
		if p.Table {
			buffer.width = width
			continue
		}
		values := make([]float32, len(p.Data))
		output, err := ort.NewTensor(ort.NewShape(p.Shape...), values)
		if err != nil {
			return nil, err
		}
		buffer.fixed = append(buffer.fixed, output)
		buffer.gradients.Values[i] = values
	}
	return buffer, nil
}

// outputs are the values that the next run writes to, in the order of outputNames.
func (g *gradientBuffer) outputs(b *Batch) (outputs []ort.Value, embedding ort.Value, err error) {
	if g.width == 0 {
		return g.fixed, nil, nil
	}
	size := b.Tokens * g.width
	if cap(g.embedding) < size {
		g.embedding = make([]float32, size+size/4)
	}
	g.embedding = g.embedding[:size]
	embedding, err = ort.NewTensor(ort.NewShape(int64(b.Tokens), int64(g.width)), g.embedding)
	if err != nil {
		return nil, nil, err
	}
	return append(g.fixed[:len(g.fixed):len(g.fixed)], embedding), embedding, nil
}

// outputNames are the graph outputs that training needs; the logits are not among them.
func outputNames(parameters []*Parameter) []string {
	names := []string{"loss"}
	tables := false
	for _, p := range parameters {
		if p.Table {
			tables = true
			continue
		}
		names = append(names, p.gradient)
	}
	if tables {
		names = append(names, embeddingGradient)
	}
	return names
}

const embeddingGradient = "grad.embeddings"

// collect turns what the run wrote into gradients.
func (g *gradientBuffer) collect(parameters []*Parameter, b *Batch) *Gradients {
	g.gradients.Loss = float64(g.loss[0])
	for i, p := range parameters {
		if p.Table {
			g.gradients.Rows[i], g.gradients.Values[i] = embeddingRows(b.tableIndex(p.Name), g.embedding, g.width)
		}
	}
	return &g.gradients
}

// tableIndex says which row of an embedding table each token used.
func (b *Batch) tableIndex(table string) []int64 {
	switch table {
	case "embeddings.word_embeddings.weight":
		return b.InputIDs
	case "embeddings.position_embeddings.weight":
		return b.PositionIDs
	default: // token types: a single text has type 0 throughout
		return make([]int64, b.Tokens)
	}
}

func (g *gradientBuffer) destroy() {
	for _, value := range g.fixed {
		value.Destroy()
	}
}
