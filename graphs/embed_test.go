package graphs

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// Embed must give the bytes that a rewriting in memory gives, and ask for each weight once, after all shapes.
func TestEmbed(t *testing.T) {
	for _, folder := range tinyFolders {
		t.Run(folder, func(t *testing.T) { testEmbed(t, folder) })
	}
}

func testEmbed(t *testing.T, folder string) {
	topology, err := Open(folder, Classification)
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[string]int64{"C": 3, "V": 9, "P": 7}
	shape := func(name string) ([]int64, error) {
		weight, _ := topology.Manifest.weight(name)
		return Resolve(weight.stored(), sizes)
	}
	values := func(name string) ([]float32, error) {
		dims, err := shape(name)
		size := int64(1)
		for _, d := range dims {
			size *= d
		}
		all := make([]float32, size)
		for i := range all {
			all[i] = float32(len(name)) + float32(i)/1000
		}
		return all, err
	}
	var got bytes.Buffer
	var asked []string
	err = topology.Embed(&got, func(name string) ([]int64, error) {
		if len(asked) > 0 {
			t.Errorf("the shape of %s was asked for after values", name)
		}
		return shape(name)
	}, func(name string) ([]float32, error) {
		asked = append(asked, name)
		return values(name)
	})
	if err != nil {
		t.Fatal(err)
	}
	want, err := replaceExternal(topology.Model, false, func(name string) (replacement, error) {
		dims, err := shape(name)
		if err != nil {
			return replacement{}, err
		}
		all, err := values(name)
		if weight, _ := topology.Manifest.weight(name); weight.Transposed {
			rows, columns := dims[0], dims[1]
			given := all
			all, dims = make([]float32, len(given)), []int64{columns, rows}
			for i := range all {
				all[i] = given[int64(i)%rows*columns+int64(i)/rows]
			}
		}
		return replacement{initializer: tensorInModel(name, dims, all)}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	withoutOutput := func(model []byte) []byte {
		rest, err := dropOutputs(model, map[string]bool{"logits": true})
		if err != nil {
			t.Fatal(err)
		}
		return rest
	}
	if !bytes.Equal(withoutOutput(got.Bytes()), withoutOutput(want)) {
		t.Errorf("%d bytes, unlike the %d of a rewriting in memory", got.Len(), len(want))
	}
	outputs := decodeGraph(t, got.Bytes()).outputs
	if len(outputs) != 1 || outputs[0].Name != "logits" || !slices.Equal(outputs[0].Shape, []Dim{{Symbol: "batch_size"}, {Size: 3}}) {
		t.Errorf("outputs are %v, want logits [batch_size 3]", outputs)
	}
	if bytes.Contains(got.Bytes(), []byte("location")) {
		t.Error("the model still asks for another file")
	}
	slices.Sort(asked)
	if all := len(asked); all != len(topology.Manifest.Weights) || len(slices.Compact(asked)) != all {
		t.Errorf("%d weights asked for, want each of %d once", all, len(topology.Manifest.Weights))
	}
}

func TestEmbedErrors(t *testing.T) {
	topology, err := Open(tinyFolders[0], Classification)
	if err != nil {
		t.Fatal(err)
	}
	refused := errors.New("refused")
	right := func(name string) ([]int64, error) {
		weight, _ := topology.Manifest.weight(name)
		return Resolve(weight.stored(), map[string]int64{"C": 3, "V": 9, "P": 7})
	}
	large := func(name string) ([]int64, error) {
		weight, _ := topology.Manifest.weight(name)
		return Resolve(weight.stored(), map[string]int64{"C": 3, "V": 1 << 30, "P": 7})
	}
	none := func(string) ([]float32, error) { return nil, nil }
	for _, test := range []struct {
		name   string
		shape  func(string) ([]int64, error)
		values func(string) ([]float32, error)
		out    io.Writer
		want   string
	}{
		{"a wrong shape", func(string) ([]int64, error) { return []int64{1, 2, 3}, nil }, none, io.Discard, "has shape [1 2 3]"},
		{"no shape", func(string) ([]int64, error) { return nil, refused }, none, io.Discard, "refused"},
		{"no values", right, func(string) ([]float32, error) { return nil, refused }, io.Discard, "refused"},
		{"too few values", right, none, io.Discard, "has 0 values, its shape takes"},
		{"too large", large, none, io.Discard, "too large for one ONNX file"},
		{"no place", right, none, full{}, "no space"},
	} {
		if err := topology.Embed(test.out, test.shape, test.values); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
	}
	topology.Model = topology.Model[:len(topology.Model)-1]
	if err := topology.Embed(io.Discard, right, none); err == nil || !strings.Contains(err.Error(), "broken ONNX model") {
		t.Errorf("a cut graph: %v", err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }
