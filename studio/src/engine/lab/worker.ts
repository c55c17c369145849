import { expose } from 'comlink'
import { LabBench } from './bench.ts'

expose(new LabBench())
