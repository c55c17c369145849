/*
 * Where the data sets are published, and the MD5 sums published with them; those of the unpacked files are sums of what the archives hold, so that
 * copies packed anew can be told to be the same. Debian packs Fashion-MNIST anew.
 */

export interface OfficialFile {
  /** Unpacked. */
  readonly name: string
  /** Of the gzipped file. */
  readonly md5: string
  /** Of what it holds. */
  readonly contentMd5: string
  /** As its header must say. */
  readonly sizes: readonly number[]
}

/** MNIST, or what comes in its format. */
export interface OfficialMnist {
  /** For messages. */
  readonly name: string
  /** A folder where a package of the system puts them: taken from there where it is. */
  readonly installed?: string
  /** Addresses of folders with the files, named `name` and ".gz". */
  readonly mirrors: readonly string[]
  readonly files: readonly OfficialFile[]
}

export interface OfficialCifar {
  readonly mirrors: readonly string[]
  readonly archive: string
  readonly md5: string
  /** In each of the six batches. */
  readonly imagesPerBatch: number
}

export const officialMnist: OfficialMnist = {
  name: 'MNIST',
  mirrors: ['https://ossci-datasets.s3.amazonaws.com/mnist', 'https://storage.googleapis.com/cvdf-datasets/mnist'],
  files: [
    {
      name: 'train-images-idx3-ubyte',
      md5: 'f68b3c2dcbeaaa9fbdd348bbdeb94873',
      contentMd5: '6bbc9ace898e44ae57da46a324031adb',
      sizes: [60000, 28, 28],
    },
    {
      name: 'train-labels-idx1-ubyte',
      md5: 'd53e105ee54ea40749a09fcbcd1e9432',
      contentMd5: 'a25bea736e30d166cdddb491f175f624',
      sizes: [60000],
    },
    {
      name: 't10k-images-idx3-ubyte',
      md5: '9fb629c4189551a2d022fa330f9573f3',
      contentMd5: '2646ac647ad5339dbf082846283269ea',
      sizes: [10000, 28, 28],
    },
    {
      name: 't10k-labels-idx1-ubyte',
      md5: 'ec29112dd5afa0611ce80d1b7f02629c',
      contentMd5: '27ae3e4e09519cfbb04c329615203637',
      sizes: [10000],
    },
  ],
}

/** Xiao, Rasul and Vollgraf, 2017; sums of its README. */
export const officialFashionMnist: OfficialMnist = {
  name: 'Fashion-MNIST',
  installed: '/usr/share/datasets/fashion-mnist',
  mirrors: ['http://fashion-mnist.s3-website.eu-central-1.amazonaws.com'],
  files: [
    {
      name: 'train-images-idx3-ubyte',
      md5: '8d4fb7e6c68d591d4c3dfef9ec88bf0d',
      contentMd5: 'f4a8712d7a061bf5bd6d2ca38dc4d50a',
      sizes: [60000, 28, 28],
    },
    {
      name: 'train-labels-idx1-ubyte',
      md5: '25c81989df183df01b3e8a0aad5dffbe',
      contentMd5: '9018921c3c673c538a1fc5bad174d6f9',
      sizes: [60000],
    },
    {
      name: 't10k-images-idx3-ubyte',
      md5: 'bef4ecab320f06d8554ea6380940ec79',
      contentMd5: '8181f5470baa50b63fa0f6fddb340f0a',
      sizes: [10000, 28, 28],
    },
    {
      name: 't10k-labels-idx1-ubyte',
      md5: 'bb300cfdad3c16e7a12a480ee83cd310',
      contentMd5: '15d484375f8d13e6eb1aabb0c3f46965',
      sizes: [10000],
    },
  ],
}

export const officialCifar: OfficialCifar = {
  mirrors: ['https://www.cs.toronto.edu/~kriz'],
  archive: 'cifar-10-binary.tar.gz',
  md5: 'c32a1d4ab5d03f1284b67883e8d87530',
  imagesPerBatch: 10000,
}
