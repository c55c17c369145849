// Networks whose training steps are measured, and what they are trained on.

/** By their names in `nets`: what they are called, of which kinds they are measured, the shape of an image and how many classes there are. */
export const trainNetworks = {
  resnet20: { title: 'ResNet-20, 3 × 32 × 32', kinds: ['conv', 'adder'], shape: [3, 32, 32], classes: 10, options: {} },
  resnet18: {
    ...{ title: 'ResNet-18, 3 × 64 × 64', kinds: ['conv'], shape: [3, 64, 64], classes: 1000 },
    options: { inputSize: 64 },
  },
}
