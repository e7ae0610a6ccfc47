package graphs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"
)

// Embed must put every weight into the model, with its own shape where the graph leaves sizes open.
func TestEmbed(t *testing.T) {
	topology, err := Open(tinyFolders[0], Classification)
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[string]int64{"C": 3, "V": 9, "P": 7}
	given := map[string][]float32{}
	value := func(name string) ([]int64, []float32, error) {
		dims, _ := topology.Manifest.weight(name)
		shape, err := Resolve(dims, sizes)
		if err != nil {
			return nil, nil, err
		}
		size := int64(1)
		for _, d := range shape {
			size *= d
		}
		given[name] = make([]float32, size)
		for i := range given[name] {
			given[name][i] = float32(len(given)) + float32(i)/1000
		}
		return shape, given[name], nil
	}
	model, err := topology.Embed(value)
	if err != nil {
		t.Fatal(err)
	}
	if len(given) != len(topology.Manifest.Weights) {
		t.Errorf("%d weights asked for, want %d", len(given), len(topology.Manifest.Weights))
	}
	for name, values := range given {
		var raw []byte
		for _, v := range values {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
		if !bytes.Contains(model, raw) {
			t.Errorf("the model lacks the values of %s", name)
		}
	}
	if bytes.Contains(model, []byte("location")) {
		t.Error("the model still asks for another file")
	}
}

func TestEmbedErrors(t *testing.T) {
	topology, err := Open(tinyFolders[0], Classification)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := topology.Embed(func(string) ([]int64, []float32, error) { return []int64{1, 2, 3}, make([]float32, 6), nil }); err == nil || !strings.Contains(err.Error(), "has shape [1 2 3]") {
		t.Errorf("a wrong shape: %v", err)
	}
	missing := errors.New("missing")
	if _, err := topology.Embed(func(string) ([]int64, []float32, error) { return nil, nil, missing }); !errors.Is(err, missing) {
		t.Errorf("a missing weight: %v", err)
	}
}
