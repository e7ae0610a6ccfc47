package lora_test

import (
	"fmt"

	"mslora/lora"
)

func ExampleSetting() {
	scales, err := lora.ParseScales("1, 4, 8")
	if err != nil {
		fmt.Println(err)
		return
	}
	setting := lora.Setting{Rank: 8, Alpha: 32, Scales: scales, Bandwidth: 2, ScaleAlpha: 6}
	fmt.Println("S =", setting.S())
	fmt.Println("factors", setting.LoRAScale(), setting.MultiScale())
	// Output:
	// S = [1 1 4 4 8 8]
	// factors 4 3
}

// W [2, 2] with A [1, 2] and B [2, 1]: W + 2 B A.
func ExampleMergeLoRA() {
	fmt.Println(lora.MergeLoRA([]float32{1, 0, 0, 1}, []float32{1, 2}, []float32{3, 4}, 2, 2, 1, 2))
	// Output: [7 12 8 17]
}
