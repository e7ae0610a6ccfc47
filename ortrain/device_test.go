package ortrain

import (
	"cmp"
	"os"
	"slices"
	"strings"
	"testing"

	"mslora/internal/machine"
)

// testDevice is the CPU with so many threads, 0 for all, or what MSLORA_TEST_DEVICE names, to test on a GPU.
func testDevice(t *testing.T, threads int) Device {
	t.Helper()
	device, err := ParseDevice(cmp.Or(os.Getenv("MSLORA_TEST_DEVICE"), "cpu"), threads)
	if err != nil {
		t.Fatal(err)
	}
	return device
}

// repeats tells whether a method's gradients have the same bits each time. The CUDA provider adds the gradients of biases and of
// LayerNorm's weights up in no fixed order.
func repeats(t *testing.T, method string) bool {
	t.Helper()
	return testDevice(t, 0).Provider == "cpu" || !slices.Contains([]string{"full", "ga", "adapter"}, method)
}

func TestWithPrecision(t *testing.T) {
	cpu, cuda := Device{Provider: "cpu", Threads: 2}, Device{Provider: "cuda"}
	for _, test := range []struct {
		device    Device
		variable  string
		asked     string
		precision string
		notice    string // in the notice; "" is none
		wrong     string // in the error
	}{
		{cpu, "", "float32", "float32", "", ""},
		{cpu, "perhaps", "float32", "float32", "", ""},
		{cuda, "", "float32", "float32", "", ""},
		{cpu, "always", "int8", "int8", "", ""},
		{cpu, "never", "int8", "float32", "MSLORA_INT8 is never, computing in float32", ""},
		{cpu, "perhaps", "int8", "float32", "", `MSLORA_INT8 is "perhaps"`},
		{cuda, "always", "int8", "float32", "", "precision int8 is for the CPU, the device is cuda:0"},
		{cpu, "always", "auto", "int8", "", ""},
		{cpu, "never", "auto", "float32", "", ""},
		{cuda, "always", "auto", "float32", "", ""},
		{cpu, "perhaps", "auto", "float32", "", `MSLORA_INT8 is "perhaps"`},
		{cpu, "", "int4", "float32", "", `unknown precision "int4"`},
		{cpu, "", "", "float32", "", `unknown precision ""`},
	} {
		t.Setenv(Int8Variable, test.variable)
		got, notice, err := test.device.WithPrecision(test.asked)
		if got.Precision() != test.precision || (notice == "") != (test.notice == "") || !strings.Contains(notice, test.notice) {
			t.Errorf("%s with %q: %s, notice %q", test.asked, test.variable, got.Precision(), notice)
		}
		if (err == nil) != (test.wrong == "") || err != nil && !strings.Contains(err.Error(), test.wrong) {
			t.Errorf("%s with %q: error %v, want %q", test.asked, test.variable, err, test.wrong)
		}
	}
	// Whatever this machine is: 8 bits without a word, or float32 with one.
	t.Setenv(Int8Variable, "")
	for _, name := range []string{PrecisionInt8, PrecisionAuto} {
		got, notice, err := cpu.WithPrecision(name)
		if err != nil || got.Int8 != machine.FastInt8() || got.Int8 != (notice == "") {
			t.Errorf("%s: %+v, notice %q, error %v", name, got, notice, err)
		}
	}
}
