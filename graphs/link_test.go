package graphs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mslora/internal/hint"
	"mslora/internal/safetensors"
)

func handMadeTopology() *Topology {
	return &Topology{
		Manifest: Manifest{Architecture: "bert", Layers: 1, Hidden: 4, Intermediate: 8, Weights: []Tensor{
			{Name: "embeddings.word_embeddings.weight", Shape: []Dim{{Symbol: "V"}, {Size: 4}}},
			{Name: "pooler.dense.weight", Shape: []Dim{{Size: 4}, {Size: 4}}},
			{Name: "embeddings.LayerNorm.weight", Shape: []Dim{{Size: 4}}},
		}},
		Model: handMadeModel(),
	}
}

func values(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i) / 4
	}
	return v
}

func modelFile(t *testing.T, arrays ...safetensors.Array) *safetensors.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := safetensors.Write(path, arrays, nil); err != nil {
		t.Fatal(err)
	}
	return openFile(t, path)
}

func openFile(t *testing.T, path string) *safetensors.File {
	t.Helper()
	file, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

func none(string) bool { return false }

// readBack reads the values of an external initializer the way ONNX Runtime does.
func readBack(t *testing.T, folder string, x initializer) []float32 {
	t.Helper()
	var offset, length int
	if _, err := fmt.Sscan(x.external["offset"]+" "+x.external["length"], &offset, &length); err != nil {
		t.Fatalf("%s: %v: %v", x.name, x.external, err)
	}
	raw, err := os.ReadFile(filepath.Join(folder, x.external["location"]))
	if err != nil {
		t.Fatal(err)
	}
	return decodeFloats(raw[offset : offset+length])
}

func decodeFloats(raw []byte) []float32 {
	var v []float32
	for ; len(raw) >= 4; raw = raw[4:] {
		v = append(v, math.Float32frombits(binary.LittleEndian.Uint32(raw)))
	}
	return v
}

func TestLink(t *testing.T) {
	file := modelFile(t,
		safetensors.Float32Array("bert.embeddings.word_embeddings.weight", []int64{7, 4}, values(28)),
		safetensors.Float32Array("bert.pooler.dense.weight", []int64{4, 4}, values(16)),
		safetensors.Float32Array("bert.embeddings.LayerNorm.gamma", []int64{4}, []float32{9, 8, 7, 6}),
		safetensors.Float32Array("cls.predictions.bias", []int64{7}, values(7)))
	linked, err := handMadeTopology().Link(file, Float32, func(name string) bool { return name == "pooler.dense.weight" })
	if err != nil {
		t.Fatal(err)
	}
	if linked.Folder != filepath.Dir(file.Path) || !slices.Equal(linked.Promoted, []string{"pooler.dense.weight"}) {
		t.Errorf("folder %s, promoted %v", linked.Folder, linked.Promoted)
	}
	graph := decodeGraph(t, linked.Model)
	want := []Tensor{{Name: "input_ids", Shape: []Dim{{Symbol: "T"}}}, {Name: "pooler.dense.weight", Shape: []Dim{{Size: 4}, {Size: 4}}}}
	if !reflect.DeepEqual(graph.inputs, want) {
		t.Errorf("inputs: got %v, want %v", graph.inputs, want)
	}
	tensors := graph.initializers
	if len(tensors) != 3 {
		t.Fatalf("got %d initializers, want 3: %v", len(tensors), tensors)
	}
	table, constant, norm := tensors[0], tensors[1], tensors[2]
	if !slices.Equal(table.dims, []int64{7, 4}) || !slices.Equal(readBack(t, linked.Folder, table), values(28)) {
		t.Errorf("word embeddings: got %+v", table)
	}
	if constant.name != "constant" || len(constant.raw) != 8 || len(constant.external) != 0 {
		t.Errorf("the internal initializer was changed: %+v", constant)
	}
	if norm.name != "embeddings.LayerNorm.weight" || !slices.Equal(readBack(t, linked.Folder, norm), []float32{9, 8, 7, 6}) {
		t.Errorf("LayerNorm: got %+v", norm)
	}
}

// TestLinkPromoteMissing promotes a weight that the file lacks.
func TestLinkPromoteMissing(t *testing.T) {
	file := modelFile(t,
		safetensors.Float32Array("embeddings.word_embeddings.weight", []int64{7, 4}, values(28)),
		safetensors.Float32Array("embeddings.LayerNorm.weight", []int64{4}, values(4)))
	linked, err := handMadeTopology().Link(file, Float32, func(name string) bool { return strings.HasPrefix(name, "pooler.") })
	if err != nil {
		t.Fatal(err)
	}
	if got := len(decodeGraph(t, linked.Model).initializers); got != 3 {
		t.Errorf("got %d initializers, want 3", got)
	}
}

// TestLinkSymlink links to a file in a model cache, whose entries are links to blobs elsewhere.
func TestLinkSymlink(t *testing.T) {
	file := modelFile(t,
		safetensors.Float32Array("embeddings.word_embeddings.weight", []int64{7, 4}, values(28)),
		safetensors.Float32Array("pooler.dense.weight", []int64{4, 4}, values(16)),
		safetensors.Float32Array("embeddings.LayerNorm.weight", []int64{4}, values(4)))
	snapshot := filepath.Join(t.TempDir(), "model.safetensors")
	blob := filepath.Join(filepath.Dir(file.Path), "0123abcd")
	if err := errors.Join(os.Rename(file.Path, blob), os.Symlink(blob, snapshot)); err != nil {
		t.Fatal(err)
	}
	linked, err := handMadeTopology().Link(openFile(t, snapshot), Float32, none)
	if err != nil {
		t.Fatal(err)
	}
	tensors := decodeGraph(t, linked.Model).initializers
	if linked.Folder != filepath.Dir(blob) || tensors[0].external["location"] != "0123abcd" {
		t.Errorf("folder %s, location %s, want those of %s", linked.Folder, tensors[0].external["location"], blob)
	}
}

// TestLinkShards links to the files that an index lists.
func TestLinkShards(t *testing.T) {
	folder := t.TempDir()
	write := func(name string, arrays ...safetensors.Array) {
		if err := safetensors.Write(filepath.Join(folder, name), arrays, nil); err != nil {
			t.Fatal(err)
		}
	}
	write("a.safetensors", safetensors.Float32Array("bert.pooler.dense.weight", []int64{4, 4}, values(16)))
	write("b.safetensors",
		safetensors.Float32Array("bert.embeddings.LayerNorm.weight", []int64{4}, []float32{9, 8, 7, 6}),
		safetensors.Float32Array("bert.embeddings.word_embeddings.weight", []int64{7, 4}, values(28)))
	index := filepath.Join(folder, "model.safetensors.index.json")
	if err := os.WriteFile(index, []byte(`{"weight_map": {"bert.pooler.dense.weight": "a.safetensors",
		"bert.embeddings.LayerNorm.weight": "b.safetensors", "bert.embeddings.word_embeddings.weight": "b.safetensors"}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	open := func() *safetensors.File {
		file, err := safetensors.OpenIndex(index)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { file.Close() })
		return file
	}
	linked, err := handMadeTopology().Link(open(), Float32, none)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range decodeGraph(t, linked.Model).initializers {
		want := map[string][]float32{"embeddings.word_embeddings.weight": values(28), "pooler.dense.weight": values(16), "embeddings.LayerNorm.weight": {9, 8, 7, 6}}[x.name]
		if len(x.external) > 0 && !slices.Equal(readBack(t, linked.Folder, x), want) {
			t.Errorf("%s: got other values", x.name)
		}
	}
	elsewhere := filepath.Join(t.TempDir(), "a.safetensors")
	if err := errors.Join(os.Rename(filepath.Join(folder, "a.safetensors"), elsewhere), os.Symlink(elsewhere, filepath.Join(folder, "a.safetensors"))); err != nil {
		t.Fatal(err)
	}
	if _, err := handMadeTopology().Link(open(), Float32, none); err == nil || !strings.Contains(err.Error(), "its shards lie in "+filepath.Dir(elsewhere)) {
		t.Errorf("shards in two folders: got %v", err)
	}
}

// TestLinkHalf checks 16-bit weights, of one kind.
func TestLinkHalf(t *testing.T) {
	half := func(name, dtype string, shape ...int64) safetensors.Array {
		size := int64(2)
		for _, d := range shape {
			size *= d
		}
		return safetensors.Array{Name: name, DType: dtype, Shape: shape, Data: make([]byte, size)}
	}
	words, norm := half("embeddings.word_embeddings.weight", "F16", 7, 4), safetensors.Float32Array("embeddings.LayerNorm.weight", []int64{4}, values(4))
	file := modelFile(t, words, half("pooler.dense.weight", "F16", 4, 4), norm)
	if err := handMadeTopology().Check(file, none); err != nil {
		t.Error(err)
	}
	for promoted, narrow := range map[string]bool{"": true, "embeddings": true, "e": false} {
		linked, err := handMadeTopology().Link(file, Float32, func(name string) bool {
			return promoted != "" && (strings.HasPrefix(name, promoted) || promoted == "e" && name == "pooler.dense.weight")
		})
		if err != nil || linked.Narrow != narrow {
			t.Errorf("promoted %q: narrow %v, %v", promoted, linked.Narrow, err)
		}
	}
	mixed := modelFile(t, words, half("pooler.dense.weight", "BF16", 4, 4), norm)
	want := "tensor pooler.dense.weight is BF16 but embeddings.word_embeddings.weight is F16, expected one kind of 16-bit floats"
	if err := handMadeTopology().Check(mixed, none); !errors.Is(err, ErrWeights) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q in it", err, want)
	}
}

func TestLinkErrors(t *testing.T) {
	word := safetensors.Float32Array("embeddings.word_embeddings.weight", []int64{7, 4}, values(28))
	pooler := safetensors.Float32Array("pooler.dense.weight", []int64{4, 4}, values(16))
	norm := safetensors.Float32Array("embeddings.LayerNorm.weight", []int64{4}, values(4))
	tests := []struct {
		name    string
		arrays  []safetensors.Array
		promote func(string) bool
		want    string
	}{
		{"missing", []safetensors.Array{word, pooler}, none,
			"tensor embeddings.LayerNorm.weight is missing, expected float32 [4]"},
		{"several", []safetensors.Array{word}, none,
			"tensor pooler.dense.weight is missing, expected float32 [4 4]; 1 of the other 2 weights do not fit either"},
		{"shape", []safetensors.Array{word, safetensors.Float32Array("pooler.dense.weight", []int64{3, 4}, values(12)), norm}, none,
			"tensor pooler.dense.weight has shape [3 4], expected [4 4]"},
		{"rank", []safetensors.Array{word, pooler, safetensors.Float32Array("embeddings.LayerNorm.weight", []int64{4, 1}, values(4))}, none,
			"has shape [4 1], expected [4]"},
		{"empty vocabulary", []safetensors.Array{safetensors.Float32Array(word.Name, []int64{0, 4}, nil), pooler, norm}, none,
			"has shape [0 4], expected [V 4]"},
		{"dtype", []safetensors.Array{word, pooler, {Name: "embeddings.LayerNorm.weight", DType: "I64", Shape: []int64{4}, Data: make([]byte, 32)}}, none,
			"tensor embeddings.LayerNorm.weight is I64, expected F32, F16 or BF16"},
		{"shape of a promoted weight", []safetensors.Array{word, safetensors.Float32Array("pooler.dense.weight", []int64{3, 4}, values(12)), norm},
			func(name string) bool { return name == "pooler.dense.weight" }, "has shape [3 4], expected [4 4]"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := modelFile(t, test.arrays...)
			_, err := handMadeTopology().Link(file, Float32, test.promote)
			var hinted *hint.Error
			if !errors.Is(err, ErrWeights) || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), file.Path) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			} else if !errors.As(err, &hinted) || !strings.Contains(hinted.Hint, "hidden size 4") {
				t.Errorf("got hint %v", hinted)
			}
		})
	}
}

// TestLinkChecksInitialValues has a trained tensor whose first values come from the file.
func TestLinkChecksInitialValues(t *testing.T) {
	topology := &Topology{
		Manifest: Manifest{Architecture: "bert", Layers: 1, Hidden: 4, Intermediate: 8, Parameters: []Parameter{
			{Name: "pooler.dense.weight", Shape: []Dim{{Size: 4}, {Size: 4}}, Init: "weights"},
			{Name: "classifier.weight", Shape: []Dim{{Symbol: "C"}, {Size: 4}}, Init: "normal"},
		}},
		Model: appendBytes(nil, modelGraph, nil),
	}
	empty := modelFile(t)
	if _, err := topology.Link(empty, Float32, none); !errors.Is(err, ErrWeights) || !strings.Contains(err.Error(), "pooler.dense.weight is missing") {
		t.Errorf("missing: got %v", err)
	}
	if _, err := topology.Link(empty, Float32, func(string) bool { return true }); err != nil {
		t.Errorf("missing, but provided: got %v", err)
	}
	wrong := modelFile(t, safetensors.Float32Array("pooler.dense.weight", []int64{4, 3}, values(12)))
	if _, err := topology.Link(wrong, Float32, none); !errors.Is(err, ErrWeights) || !strings.Contains(err.Error(), "has shape [4 3]") {
		t.Errorf("shape: got %v", err)
	}
}

// TestLinkManifestDisagrees has a manifest that is not the graph's.
func TestLinkManifestDisagrees(t *testing.T) {
	file := modelFile(t,
		safetensors.Float32Array("embeddings.word_embeddings.weight", []int64{7, 4}, values(28)),
		safetensors.Float32Array("pooler.dense.weight", []int64{4, 4}, values(16)),
		safetensors.Float32Array("embeddings.LayerNorm.weight", []int64{4}, values(4)),
		safetensors.Float32Array("more", []int64{4}, values(4)))
	fewer, more := handMadeTopology(), handMadeTopology()
	fewer.Manifest.Weights = fewer.Manifest.Weights[1:]
	more.Manifest.Weights = append(more.Manifest.Weights, Tensor{Name: "more", Shape: []Dim{{Size: 4}}})
	if _, err := fewer.Link(file, Float32, none); err == nil || !strings.Contains(err.Error(), `lacks weight "embeddings.word_embeddings.weight"`) {
		t.Errorf("fewer: got %v", err)
	}
	if _, err := more.Link(file, Float32, none); err == nil || !strings.Contains(err.Error(), "3 external weights, its manifest 4") {
		t.Errorf("more: got %v", err)
	}
}
