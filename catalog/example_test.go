package catalog_test

import (
	"fmt"

	"mslora/catalog"
)

func ExampleModelNames() {
	for _, name := range catalog.ModelNames() {
		fmt.Println(name)
	}
	// Output:
	// bge-small
	// minilm
	// bert-base
	// bert-large
	// roberta-base
	// roberta-large
	// smollm2-135m
	// gpt2
	// llama2-7b
}
