package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sample has one tensor of each kind that the package reads.
func sample() []Array {
	return []Array{
		{Name: "mask", DType: "U8", Shape: []int64{3}, Data: []byte{0, 1, 1}},
		Float32Array("weight", []int64{2, 3}, []float32{1, -2, 3.5, 0, float32(math.Inf(1)), 1e-40}),
		{Name: "ids", DType: "I64", Shape: []int64{2}, Data: append(bytes.Repeat([]byte{0xff}, 8), 0, 0, 0, 0, 0, 1, 0, 0)}, // -1, 1 << 40
		{Name: "half", DType: "F16", Shape: []int64{4}, Data: []byte{0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0x00, 0x7c}},
		{Name: "brain", DType: "BF16", Shape: []int64{2}, Data: []byte{0x80, 0x3f, 0x00, 0xc0}},
		Float32Array("empty", []int64{0, 4}, nil),
		Float32Array("scalar", nil, []float32{7}),
	}
}

func writeSample(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sample.safetensors")
	if err := Write(path, sample(), map[string]string{"method": "lora <r=8>", "format": "pt"}); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRoundTrip(t *testing.T) {
	file, err := Open(writeSample(t))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if file.Metadata["method"] != "lora <r=8>" || file.Metadata["format"] != "pt" || len(file.Metadata) != 2 {
		t.Errorf("metadata: got %v", file.Metadata)
	}
	if got, want := strings.Join(file.Names(), " "), "ids empty scalar weight brain half mask"; got != want {
		t.Errorf("names: got %q, want %q", got, want)
	}
	for name, want := range map[string][]float32{
		"weight": {1, -2, 3.5, 0, float32(math.Inf(1)), 1e-40},
		"half":   {1, -2, 1.0 / (1 << 24), float32(math.Inf(1))},
		"brain":  {1, -2},
		"empty":  {},
		"scalar": {7},
	} {
		if got, err := file.Float32(name); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, want)
		}
	}
	if got, err := file.Int64("ids"); err != nil || !slices.Equal(got, []int64{-1, 1 << 40}) {
		t.Errorf("ids: got %v, %v", got, err)
	}
	if got, err := file.Bytes("mask"); err != nil || !bytes.Equal(got, []byte{0, 1, 1}) {
		t.Errorf("mask: got %v, %v", got, err)
	}
	weight, ok := file.Tensor("weight")
	if !ok || weight.DType != "F32" || !slices.Equal(weight.Shape, []int64{2, 3}) || weight.Begin%4 != 0 {
		t.Errorf("weight: got %+v", weight)
	}
	raw, err := os.ReadFile(file.Path)
	if err != nil {
		t.Fatal(err)
	}
	if bits := binary.LittleEndian.Uint32(raw[weight.Begin+8:]); math.Float32frombits(bits) != 3.5 {
		t.Errorf("the file offsets of weight are wrong: value 2 reads %v", math.Float32frombits(bits))
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
	if err := file.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

// TestWriteDeterministic checks that neither the order of the arguments nor of a map shows in the bytes.
func TestWriteDeterministic(t *testing.T) {
	folder := t.TempDir()
	metadata := map[string]string{"a": "1", "b": "2", "c": "3", "d": "4"}
	arrays := sample()
	var first []byte
	for i := range 4 {
		slices.Reverse(arrays)
		path := filepath.Join(folder, "same.safetensors")
		if err := Write(path, arrays, metadata); err != nil {
			t.Fatal(err)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 && !bytes.Equal(raw, first) {
			t.Fatalf("write %d gave other bytes", i)
		}
		first = raw
	}
	if length := binary.LittleEndian.Uint64(first); length%8 != 0 {
		t.Errorf("header length %d is no multiple of 8", length)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Errorf("temporary files were left: %v, %v", entries, err)
	}
}

func TestWriteErrors(t *testing.T) {
	tests := []struct {
		name   string
		arrays []Array
		want   string
	}{
		{"size", []Array{Float32Array("a", []int64{3}, []float32{1})}, "takes 12 bytes"},
		{"dtype", []Array{{Name: "a", DType: "float", Shape: []int64{1}, Data: make([]byte, 4)}}, "unknown dtype"},
		{"computed size", []Array{ComputedFloat32("a", []int64{3}, func() ([]float32, error) { return nil, nil })}, "takes 12 bytes"},
		{"failed", []Array{ComputedFloat32("a", nil, func() ([]float32, error) { return nil, errors.New("out of luck") })}, `tensor "a": out of luck`},
		{"repeated", []Array{Float32Array("a", nil, []float32{1}), Float32Array("a", nil, []float32{1})}, "twice"},
		{"reserved", []Array{Float32Array("__metadata__", nil, []float32{1})}, "reserved"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.safetensors")
			if err := os.WriteFile(path, []byte("before"), 0o644); err != nil {
				t.Fatal(err)
			}
			err := Write(path, test.arrays, nil)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
			if raw, _ := os.ReadFile(path); string(raw) != "before" {
				t.Errorf("the old file was changed: %q", raw)
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	whole, err := os.ReadFile(writeSample(t))
	if err != nil {
		t.Fatal(err)
	}
	length := 8 + int(binary.LittleEndian.Uint64(whole))
	with := func(header string) []byte {
		return append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	}
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "expected at least 8 bytes, found 0"},
		{"cut in the length", whole[:7], "expected at least 8 bytes, found 7"},
		{"cut in the header", whole[:length-1], "expected at least"},
		{"cut in the data", whole[:len(whole)-1], "expected at least"},
		{"bytes at the end", append(slices.Clone(whole), 0), "expected"},
		{"web page", []byte("<!DOCTYPE html><html>"), "the first 8 bytes"},
		{"Git LFS pointer", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"), "not a valid"},
		{"bad header", with(`{"a":1}`), `tensor "a"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "broken.safetensors")
			if err := os.WriteFile(path, test.data, 0o644); err != nil {
				t.Fatal(err)
			}
			_, err := Open(path)
			if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: got %v", err)
	}
	if _, err := Open(t.TempDir()); !errors.Is(err, ErrFormat) {
		t.Errorf("folder: got %v", err)
	}
}

func TestReadErrors(t *testing.T) {
	file, err := Open(writeSample(t))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Float32("bias"); !errors.Is(err, ErrNoTensor) {
		t.Errorf("missing: got %v", err)
	}
	if _, err := file.Float32("ids"); err == nil || !strings.Contains(err.Error(), "found I64") {
		t.Errorf("dtype: got %v", err)
	}
	if _, err := file.Int64("weight"); err == nil || !strings.Contains(err.Error(), "found F32") {
		t.Errorf("dtype: got %v", err)
	}
}

// TestUnaligned reads a file whose header length is no multiple of 4, as the format allows.
func TestUnaligned(t *testing.T) {
	header := `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`
	for len(header)%4 != 1 {
		header += " "
	}
	raw := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(1.5))
	raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(-3))
	path := filepath.Join(t.TempDir(), "unaligned.safetensors")
	if err := os.WriteFile(path, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if got, err := file.Float32("a"); err != nil || !slices.Equal(got, []float32{1.5, -3}) {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestFloat16 compares every finite half with its value by definition.
func TestFloat16(t *testing.T) {
	for bits := range 1 << 16 {
		exponent, fraction := bits>>10&31, float64(bits&1023)
		if exponent == 31 {
			continue
		}
		want := math.Ldexp(1024+fraction, exponent-25)
		if exponent == 0 {
			want = math.Ldexp(fraction, -24)
		}
		if bits>>15 == 1 {
			want = -want
		}
		if got := float64(float16(uint16(bits))); got != want {
			t.Fatalf("half %#04x: got %v, want %v", bits, got, want)
		}
	}
	if !math.IsNaN(float64(float16(0x7e00))) || !math.IsInf(float64(float16(0xfc00)), -1) {
		t.Error("infinity or not-a-number is wrong")
	}
}
