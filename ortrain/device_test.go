package ortrain

import (
	"cmp"
	"os"
	"slices"
	"testing"
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
