package safetensors

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
)

// maxHeader is the longest header that the format allows, in bytes.
const maxHeader = 100_000_000

// maxFile bounds offsets, in bytes, so that sums of them never overflow.
const maxFile = 1 << 60

// metadataKey holds a string-to-string map in the header; it is not a tensor.
const metadataKey = "__metadata__"

// elementSize gives the bytes of one element of each dtype that the format defines in whole bytes.
var elementSize = map[string]int64{
	"F64": 8, "I64": 8, "U64": 8, "C64": 8,
	"F32": 4, "I32": 4, "U32": 4,
	"F16": 2, "BF16": 2, "I16": 2, "U16": 2,
	"I8": 1, "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1,
}

// Tensor says what one tensor is and where its bytes lie.
type Tensor struct {
	Name, DType string
	Shape       []int64 // empty for a scalar
	Begin, End  int64   // file offsets of its first byte and of the byte after its last
	Path        string  // the file that holds it
}

// entry is the JSON form of a tensor; offsets count from the end of the header.
type entry struct {
	DType   string  `json:"dtype"`
	Shape   []int64 `json:"shape"`
	Offsets []int64 `json:"data_offsets"`
}

// parseHeader reads a JSON header. The tensors come in file order, their offsets counted from the end of
// the header. It checks all that can be checked without knowing the length of the file: unique names,
// known dtypes, sizes that fit the shapes, and data that fills its space without gap or overlap, as the
// format demands.
func parseHeader(header []byte) ([]Tensor, map[string]string, error) {
	// A token reader, because unmarshalling to a map would hide repeated names.
	decoder := json.NewDecoder(bytes.NewReader(header))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, nil, fmt.Errorf("the header is no JSON object")
	}
	var tensors []Tensor
	var metadata map[string]string
	seen := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, nil, fmt.Errorf("header: %w", err)
		}
		name := token.(string) // keys of an object are strings
		if seen[name] {
			return nil, nil, fmt.Errorf("the header names %q twice", name)
		}
		seen[name] = true
		if name == metadataKey {
			if err := decoder.Decode(&metadata); err != nil {
				return nil, nil, fmt.Errorf("header metadata: %w", err)
			}
			continue
		}
		var e entry
		if err := decoder.Decode(&e); err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		if err := e.check(); err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		tensors = append(tensors, Tensor{Name: name, DType: e.DType, Shape: e.Shape, Begin: e.Offsets[0], End: e.Offsets[1]})
	}
	if _, err := decoder.Token(); err != nil {
		return nil, nil, fmt.Errorf("header: %w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, nil, fmt.Errorf("the header goes on after its JSON object")
	}
	slices.SortFunc(tensors, func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(a.Begin, b.Begin), cmp.Compare(a.End, b.End), cmp.Compare(a.Name, b.Name))
	})
	var end int64
	for i, t := range tensors {
		switch {
		case t.Begin < end:
			return nil, nil, fmt.Errorf("tensors %q and %q overlap", tensors[i-1].Name, t.Name)
		case t.Begin > end:
			return nil, nil, fmt.Errorf("there are %d unused bytes before tensor %q", t.Begin-end, t.Name)
		}
		end = t.End
	}
	return tensors, metadata, nil
}

// check tells whether dtype, shape and offsets agree.
func (e entry) check() error {
	size, ok := elementSize[e.DType]
	if !ok {
		return fmt.Errorf("unknown dtype %q", e.DType)
	}
	if e.Shape == nil {
		return fmt.Errorf("it has no shape")
	}
	if len(e.Offsets) != 2 || e.Offsets[0] < 0 || e.Offsets[1] < e.Offsets[0] || e.Offsets[1] > maxFile {
		return fmt.Errorf("data offsets %v are no range", e.Offsets)
	}
	expected, err := bytesOf(size, e.Shape)
	if err != nil {
		return err
	}
	if actual := e.Offsets[1] - e.Offsets[0]; actual != expected {
		return fmt.Errorf("%s %v takes %d bytes, its data offsets give %d", e.DType, e.Shape, expected, actual)
	}
	return nil
}

// bytesOf is the size of a tensor, without overflow.
func bytesOf(element int64, shape []int64) (int64, error) {
	size := element
	empty := false
	for _, d := range shape {
		switch {
		case d < 0:
			return 0, fmt.Errorf("shape %v has a negative size", shape)
		case d == 0:
			empty = true
		case size > math.MaxInt64/d:
			return 0, fmt.Errorf("shape %v is larger than any file", shape)
		default:
			size *= d
		}
	}
	if empty {
		return 0, nil
	}
	return size, nil
}
