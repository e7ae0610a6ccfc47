#include <stdbool.h>

// Makes the domain of the operators with the library's OrtGetApiBase, once in a process. Gives NULL, or what is wrong.
const char *mslora_operators_make(const char *library);

// Lets a session have the operators; options is an OrtSessionOptions. Gives NULL, or what is wrong.
const char *mslora_operators_add(void *options);

// Whether the domain is there.
bool mslora_operators_made(void);

// Whether the processor multiplies and adds in one instruction, without which attention is slow.
bool mslora_attention_fast(void);
