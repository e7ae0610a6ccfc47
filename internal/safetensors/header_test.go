package safetensors

import (
	"strings"
	"testing"
)

func TestParseHeader(t *testing.T) {
	tensors, metadata, err := parseHeader([]byte(
		`{"b":{"dtype":"I64","shape":[],"data_offsets":[24,32]},` +
			`"__metadata__":{"format":"pt"},` +
			`"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},` +
			`"none":{"dtype":"F32","shape":[0,9],"data_offsets":[24,24]}}   `))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, tensor := range tensors {
		names = append(names, tensor.Name)
	}
	if got := strings.Join(names, " "); got != "a none b" {
		t.Errorf("file order: got %q", got)
	}
	if metadata["format"] != "pt" {
		t.Errorf("metadata: got %v", metadata)
	}
}

func TestParseHeaderErrors(t *testing.T) {
	tests := []struct{ name, header, want string }{
		{"empty", ``, "no JSON object"},
		{"list", `[]`, "no JSON object"},
		{"not JSON", `{"a":{"dtype"`, `tensor "a"`},
		{"cut after a tensor", `{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}`, "EOF"},
		{"more after the object", `{} {}`, "goes on"},
		{"repeated name", `{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, "twice"},
		{"repeated metadata", `{"__metadata__":{},"__metadata__":{}}`, "twice"},
		{"metadata of numbers", `{"__metadata__":{"step":3}}`, "metadata"},
		{"unknown dtype", `{"a":{"dtype":"Q4","shape":[1],"data_offsets":[0,1]}}`, `unknown dtype "Q4"`},
		{"no shape", `{"a":{"dtype":"U8","data_offsets":[0,1]}}`, "no shape"},
		{"negative size", `{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}`, "negative"},
		{"fractional size", `{"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}}`, `tensor "a"`},
		{"overflow", `{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, "larger than any file"},
		{"one offset", `{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}`, "no range"},
		{"backward offsets", `{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}`, "no range"},
		{"negative offset", `{"a":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}}`, "no range"},
		{"huge offset", `{"a":{"dtype":"U8","shape":[1],"data_offsets":[9223372036854775806,9223372036854775807]}}`, "no range"},
		{"wrong size", `{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,20]}}`, "takes 24 bytes, its data offsets give 20"},
		{"overlap", `{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[3,7]}}`, `"a" and "b" overlap`},
		{"gap", `{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[6,10]}}`, "2 unused bytes"},
		{"gap at the start", `{"a":{"dtype":"U8","shape":[4],"data_offsets":[1,5]}}`, "1 unused bytes"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := parseHeader([]byte(test.header))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

// FuzzParseHeader checks that whatever passes describes data that can be sliced without panic.
func FuzzParseHeader(f *testing.F) {
	f.Add([]byte(`{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"__metadata__":{"k":"v"}}`))
	f.Add([]byte(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"I64","shape":[],"data_offsets":[4,12]}}`))
	f.Add([]byte(`{"a":{"dtype":"F32","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, header []byte) {
		tensors, _, err := parseHeader(header)
		if err != nil {
			return
		}
		var end int64
		for _, tensor := range tensors {
			if tensor.Begin != end || tensor.End < tensor.Begin {
				t.Fatalf("%+v does not begin at %d", tensor, end)
			}
			size, err := bytesOf(elementSize[tensor.DType], tensor.Shape)
			if err != nil || size != tensor.End-tensor.Begin {
				t.Fatalf("%+v: size %d, %v", tensor, size, err)
			}
			end = tensor.End
		}
	})
}
